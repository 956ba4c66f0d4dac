// What machines of a pool are made from.
#pragma once

#include <string>

#include "model/config.hpp"
#include "model/error.hpp"

namespace hydra_provisioner::providers::ec2 {

// Of a pool of EC2; without settings, where they could not be read.
Ec2Settings ec2_settings_of(const PoolConfig& pool);

Expected<std::string> user_data_of(const Ec2Settings& settings);

// A hash of what every machine of this pool has in common. Instance types, subnets and capacity are not in it: what was
// made of one of them is as good as what would be made of another.
Expected<std::string> specification_of(const Ec2Settings& settings);

// What a machine's tags say it was made from, as far as these settings still allow it.
std::string specification_seen(const std::string& noted, const std::string& instance_type, const Ec2Settings& settings);

}  // namespace hydra_provisioner::providers::ec2
