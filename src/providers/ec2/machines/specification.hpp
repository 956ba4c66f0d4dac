// What a machine is made from: the settings of its pool, and the host key that it gets with its user data.
#pragma once

#include <string>
#include <string_view>

#include "io/async/task.hpp"
#include "model/config.hpp"
#include "model/error.hpp"
#include "model/names.hpp"
#include "providers/ec2/api/requests.hpp"
#include "providers/ec2/machines/records.hpp"
#include "providers/ec2/machines/user_data.hpp"
#include "providers/provider.hpp"

namespace hydra_provisioner::providers::ec2 {

// Empty settings, if those of the pool could not be read.
Ec2Settings ec2_settings_of(const PoolConfig& pool);

// A hash of what all machines of this pool have in common. Instance types, subnets and capacity are not part of it: one
// of those in the list is as good as another.
Expected<std::string> specification_of(const Ec2Settings& settings);
Expected<std::string> specification_of(const PoolConfig& pool);  // also where its machines connect to

// The specification of a machine that exists: the one in its tags, if the settings still allow its instance type.
std::string specification_seen(const std::string& tagged, const std::string& instance_type,
                               const Ec2Settings& settings);

// Everything about one machine that is to be launched.
struct LaunchSpecification {
  Ec2Settings settings;
  Identity identity;
};

// Makes the machine's host key, unless it has one.
io::Task<Expected<LaunchSpecification>> launch_specification(Ec2Records& records, Tag tag, MachineRef target,
                                                             PoolConfig pool);

}  // namespace hydra_provisioner::providers::ec2
