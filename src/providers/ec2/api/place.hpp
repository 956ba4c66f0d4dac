// A place to send requests to: a region of AWS, and the URL of EC2's API there.
#pragma once

#include <compare>
#include <string>

#include "model/names.hpp"

namespace hydra_provisioner::providers::ec2 {

struct Place {
  std::string region;
  std::string endpoint;  // empty: the region's own

  auto operator<=>(const Place&) const = default;
};

std::string url_of(const Place& place);

// The id of an instance contains its region, `eu-west-1/i-0123456789abcdef0`, so that the instance can be found after
// the settings of its pool are gone.
InstanceId instance_id(const Place& place, const std::string& ec2_id);
std::string region_of(const InstanceId& instance);  // empty: no instance of EC2 has this id
std::string ec2_id_of(const InstanceId& instance);

// The id of a machine without a known instance.
InstanceId no_instance(const MachineId& machine);

}  // namespace hydra_provisioner::providers::ec2
