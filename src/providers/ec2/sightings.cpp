#include "providers/ec2/sightings.hpp"

#include <fmt/format.h>

#include "providers/ec2/requests.hpp"
#include "providers/ec2/specification.hpp"

namespace hydra_provisioner::providers::ec2 {
namespace {

constexpr Seconds consistent_after{600};

InstanceState state_of(const Ec2Instance& seen) {
  const bool is_off = seen.state == Ec2State::stopping || seen.state == Ec2State::stopped;
  return is_off ? InstanceState::stopped : InstanceState::running;
}

std::string address_of(const Ec2Instance& seen, const Ec2Settings& settings) {
  const std::string& address = settings.has_public_address ? seen.public_address : seen.private_address;
  const bool is_usual = address.empty() || settings.ssh_user.empty() || settings.ssh_user == "root";
  return is_usual ? address : fmt::format("{}@{}", settings.ssh_user, address);
}

}  // namespace

Instance as_instance(const Ec2Instance& seen, const Place& place, const Ec2Settings& settings) {
  return {.id = instance_id(place, seen.id),
          .machine = MachineId{seen.tag(ec2_tag::machine)},
          .pool = PoolName{seen.tag(ec2_tag::pool)},
          .state = state_of(seen),
          .address = address_of(seen, settings),
          .host_key = seen.tag(ec2_tag::host_key),
          .launched_at = seen.launched_at,
          .spec_hash = specification_seen(seen.tag(ec2_tag::specification), seen.type, settings)};
}

bool was_interrupted(const Ec2Instance& seen) { return seen.reason.starts_with("Server.SpotInstance"); }

bool may_be_unlisted(const Ec2Record& record, Instant now) {
  return now - record.instance.launched_at.value_or(Instant{}) < consistent_after;
}

}  // namespace hydra_provisioner::providers::ec2
