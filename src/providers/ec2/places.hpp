// Where EC2 is asked: a region, and the URL of its API.
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

// An instance is known as `eu-west-1/i-0123456789abcdef0`: so it can be found when its pool's settings are gone.
InstanceId instance_id(const Place& place, const std::string& ec2_id);
std::string region_of(const InstanceId& instance);  // empty: no instance has this id
std::string ec2_id_of(const InstanceId& instance);

// Of a machine that has no instance, as far as we know.
InstanceId no_instance(const MachineId& machine);

}  // namespace hydra_provisioner::providers::ec2
