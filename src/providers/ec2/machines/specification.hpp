// What a machine is made from: the settings of its pool, and the host key that it gets with its user data.
#pragma once

#include <map>
#include <string>

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

// A hash of what all machines of this pool have in common in one region. Instance types, subnets and capacity are not
// part of it: one of those in the list is as good as another.
Expected<std::string> specification_of(const Ec2Settings& settings);

// Hashes as above, which say also where the machines connect to.
struct Specifications {
  std::string whole;                               // of all regions
  std::map<std::string, std::string> by_region{};  // as in the tags of machines
};
Expected<Specifications> specifications_of(const PoolConfig& pool);

// The specification of a machine that exists: the whole one if its tag is that of its region, and the settings still
// allow its instance type.
std::string specification_seen(const std::string& tagged, const std::string& region, const std::string& instance_type,
                               const Ec2Settings& settings, const Specifications& wanted);

// Everything about one machine that is to be launched.
struct LaunchSpecification {
  Ec2Settings settings;
  Identity identity;  // whose specification is that of the region in which the machine is requested
  Specifications specifications;
};

// Makes the machine's host key, unless it has one.
io::Task<Expected<LaunchSpecification>> launch_specification(Ec2Records& records, Tag tag, MachineRef target,
                                                             PoolConfig pool);

}  // namespace hydra_provisioner::providers::ec2
