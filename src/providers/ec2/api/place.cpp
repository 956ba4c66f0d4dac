#include "providers/ec2/api/place.hpp"

#include <fmt/format.h>

namespace hydra_provisioner::providers::ec2 {

std::string url_of(const Place& place) {
  if (!place.endpoint.empty()) return place.endpoint.ends_with('/') ? place.endpoint : place.endpoint + "/";
  const bool is_in_china = place.region.starts_with("cn-");
  return fmt::format("https://ec2.{}.amazonaws.com{}/", place.region, is_in_china ? ".cn" : "");
}

InstanceId instance_id(const Place& place, const std::string& ec2_id) {
  return InstanceId{fmt::format("{}/{}", place.region, ec2_id)};
}

std::string region_of(const InstanceId& instance) {
  const auto slash = instance.text.find('/');
  return slash == std::string::npos ? "" : instance.text.substr(0, slash);
}

InstanceId no_instance(const MachineId& machine) { return InstanceId{"/" + machine.text}; }

std::string ec2_id_of(const InstanceId& instance) { return instance.text.substr(instance.text.find('/') + 1); }

}  // namespace hydra_provisioner::providers::ec2
