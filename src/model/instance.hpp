// A machine as its provider sees it.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "model/enum_names.hpp"
#include "model/names.hpp"
#include "model/time.hpp"

namespace hydra_provisioner {

enum class InstanceState : std::uint8_t {
  incomplete,  // being made or started, or such an operation was interrupted: repeat it, or destroy
  running,
  unproven,     // it runs; whether create() came to its end, only our own records can tell
  unreachable,  // it is there, but of no use as it is: create() may bring it up again
  stopped,
  vanished,  // no machine is left of it, or never was: only what its provider has noted
};

template <>
inline constexpr auto names_of<InstanceState> =
    enum_names("incomplete", "running", "unproven", "unreachable", "stopped", "vanished");

struct Instance {
  InstanceId id;
  MachineId machine;  // as the provider has it noted: it may be none of ours, or another instance's, too
  PoolName pool;      // empty when the provider cannot tell
  InstanceState state = InstanceState::incomplete;
  std::string address;   // as Machine's; empty while it has none
  std::string host_key;  // `TYPE KEY`; empty while it has none
  std::optional<Instant> launched_at;
  std::string spec_hash{};    // see Machine; empty when the provider cannot tell
  Seconds billing_period{0};  // of this kind of machine, where its pool has none; 0: billed for what is used
};

// What a provider says of its machines.
struct Inventory {
  std::vector<Instance> instances;
  std::map<PoolName, std::string> unseen{};  // pools of whose machines nothing is known, and why
};

}  // namespace hydra_provisioner
