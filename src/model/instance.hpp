// A machine as its provider sees it.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "model/names.hpp"
#include "model/time.hpp"

namespace hydra_provisioner {

enum class InstanceState : std::uint8_t {
  incomplete,  // being made or started, or such an operation was interrupted: repeat it, or destroy
  running,
  stopped,
  vanished,  // it ran, and is no more: what is left of it can be destroyed
};

struct Instance {
  InstanceId id;
  MachineId machine;
  PoolName pool;  // empty when the provider cannot tell
  InstanceState state = InstanceState::incomplete;
  std::string address;   // empty while it has none
  std::string host_key;  // `TYPE KEY`; empty while it has none
  std::optional<Instant> launched_at;
};

}  // namespace hydra_provisioner
