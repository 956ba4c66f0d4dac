#include "providers/nixops/deployments/instances.hpp"

#include <algorithm>
#include <cstdint>
#include <initializer_list>
#include <optional>
#include <string>
#include <string_view>
#include <system_error>

#include <fmt/format.h>

#include "io/text/strings.hpp"
#include "model/config.hpp"

namespace hydra_provisioner::providers::nixops {
namespace {

// NixOps' ResourceState, in its numbering.
enum class Reported : std::uint8_t { unknown, missing, starting, up, stopping, stopped, unreachable, rescue };

bool is_digital_ocean(const Resource& machine) {
  return machine.type == "digitalOcean" || machine.type == "digital-ocean";
}

Reported reported_state(const Resource& machine) {
  const std::string state = machine.attribute("state");
  if (state.empty()) {  // it has its type's default
    const bool is_missing = machine.type == "ec2" || machine.type == "virtualbox" || machine.type == "container" ||
                            is_digital_ocean(machine);
    return is_missing ? Reported::missing : Reported::unknown;
  }
  const bool is_known = state.size() == 1 && state.front() >= '0' && state.front() <= '7';
  return is_known ? static_cast<Reported>(state.front() - '0') : Reported::unknown;
}

std::string first_of(const Resource& machine, std::initializer_list<std::string_view> names) {
  for (const std::string_view name : names) {
    if (std::string value = machine.attribute(name); !value.empty()) return value;
  }
  return {};
}

// The cloud's own name for the machine exists only as long as the machine.
bool has_vm(const Resource& machine) { return !first_of(machine, {"vmId", "digitalOcean.dropletId"}).empty(); }

std::string container_address(const Resource& machine) {
  const std::string host = machine.attribute("container.host");
  const std::string address = machine.attribute("privateIpv4");
  const bool is_here = host.empty() || host == "localhost";
  return is_here || address.empty() ? address : fmt::format("{}~{}", host, address);
}

// Where NixOps itself connects to.
std::string address_of(const Resource& machine) {
  const auto is = [&machine](const auto&... types) { return ((machine.type == types) || ...); };
  if (is("ec2")) {
    return machine.attribute(machine.attribute("ec2.usePrivateIpAddress") == "1" ? "privateIpv4" : "publicIpv4");
  }
  if (is("none")) return machine.attribute("targetHost");
  if (is("virtualbox", "libvirtd")) return machine.attribute("privateIpv4");
  if (is("gce", "azure") || is_digital_ocean(machine)) return machine.attribute("publicIpv4");
  if (is("hetzner")) return first_of(machine, {"hetzner.mainIPv4", "mainIpv4"});
  if (is("container")) return container_address(machine);
  return first_of(machine, {"publicIpv4", "privateIpv4", "targetHost"});
}

// `TYPE KEY COMMENT`
struct HostKey {
  std::string type_and_key{};
  std::string comment{};
};

// On EC2, the first key comes from the user data, where others may read it. NixOps replaces it after the first login.
// On other targets, the final key has this comment, too.
bool is_temporary(const HostKey& key, const Resource& machine) {
  return machine.type == "ec2" && key.comment == "NixOps auto-generated key";
}

HostKey host_key_of(const Resource& machine) {
  const auto found = std::ranges::find_if(
      machine.attributes, [](const auto& attribute) { return attribute.first.ends_with(".publicHostKey"); });
  if (found == machine.attributes.end()) return {};
  const std::string line(io::trimmed(found->second));
  const std::size_t key = line.find(' ');
  if (key == std::string::npos) return {};
  const std::size_t comment = line.find(' ', key + 1);
  if (comment == std::string::npos) return {.type_and_key = line};
  return {.type_and_key = line.substr(0, comment),
          .comment = std::string(io::trimmed(std::string_view(line).substr(comment)))};
}

std::optional<Instant> launch_of(const Resource& machine) {
  constexpr std::int64_t end_of_9999 = 253'402'300'799;
  const std::string text = machine.attribute(machine.type == "ec2" ? "startTime" : "creationTime");
  const auto seconds = io::parse_number<std::int64_t>(text);
  return seconds && *seconds > 0 && *seconds <= end_of_9999 ? std::optional(from_unix(*seconds)) : std::nullopt;
}

// `can_be_reached`: NixOps knows the address and has logged in.
InstanceState state_of(const Resource& machine, bool can_be_reached) {
  using enum InstanceState;
  switch (reported_state(machine)) {
    case Reported::unknown:
      return incomplete;
    case Reported::missing:
      // On DigitalOcean, NixOps has not logged in yet. On other targets, the name of a missing machine stays.
      return has_vm(machine) && machine.attribute("state").empty() ? InstanceState::unreachable : vanished;
    case Reported::starting:
      return has_vm(machine) ? InstanceState::unreachable : incomplete;
    case Reported::up:
      if (!has_vm(machine)) return incomplete;
      return can_be_reached ? unproven : InstanceState::unreachable;
    case Reported::stopping:
    case Reported::stopped:
      return InstanceState::stopped;
    case Reported::unreachable:
    case Reported::rescue:
      return InstanceState::unreachable;
  }
  return incomplete;
}

const Resource* machine_of(const Deployment& deployment) {
  const auto found = deployment.resources.find("machine");
  return found == deployment.resources.end() ? nullptr : &found->second;
}

}  // namespace

Instance instance_of(const Deployment& deployment) {
  Instance instance;
  instance.id = InstanceId(deployment.uuid);
  instance.machine = MachineId(deployment.name);
  if (const auto type = deployment.arguments.find("type"); type != deployment.arguments.end()) {
    instance.pool = PoolName(type->second);
  }
  if (const auto owner = deployment.arguments.find("owner"); owner != deployment.arguments.end())
    instance.owner = Owner(owner->second);
  instance.slot = deployment.slot;
  const Resource* machine = machine_of(deployment);
  instance.state = InstanceState::vanished;
  if (machine == nullptr) return instance;

  if (machine->type == "ec2") instance.billing_period = traits_of(ProviderKind::ec2).billing_period.value();
  bool has_own_key = true;
  if (has_vm(*machine)) {
    instance.address = address_of(*machine);
    instance.launched_at = launch_of(*machine);
    const HostKey host_key = host_key_of(*machine);
    has_own_key = !is_temporary(host_key, *machine);
    if (has_own_key) instance.host_key = host_key.type_and_key;
  }
  instance.state = state_of(*machine, !instance.address.empty() && has_own_key);
  return instance;
}

bool has_temporary_key(const Deployment& deployment) {
  const Resource* machine = machine_of(deployment);
  return machine != nullptr && is_temporary(host_key_of(*machine), *machine);
}

bool is_interrupted_creation(const Deployment& deployment) {
  const Resource* machine = machine_of(deployment);
  if (machine == nullptr || has_vm(*machine)) return false;
  return reported_state(*machine) == Reported::starting ||
         !first_of(*machine, {"ec2.clientToken", "ec2.spotInstanceRequestId"}).empty();
}

}  // namespace hydra_provisioner::providers::nixops
