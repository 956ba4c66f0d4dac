// What tests write into a journal, and look for in its memory.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include <fmt/format.h>

#include "state/journal.hpp"

namespace hydra_provisioner::state {

inline Machine machine(std::int64_t number, MachineState state = MachineState::ready) {
  Machine machine;
  machine.id = MachineId{fmt::format("a-{}", number)};
  machine.pool = PoolName{"x86_64-linux"};
  machine.state = state;
  return machine;
}

inline Changes of(std::vector<Machine> machines) {
  Changes changes;
  changes.machines = std::move(machines);
  return changes;
}

inline JournalEvent event(Instant time, const std::string& kind, const std::string& pool = "x86_64-linux") {
  return {.time = time, .machine = MachineId{"a-1"}, .pool = PoolName{pool}, .kind = kind, .reason = "because"};
}

inline std::vector<std::string> ids(const Memory& memory) {
  std::vector<std::string> ids;
  for (const Machine& machine : memory.machines) ids.push_back(machine.id.text);
  return ids;
}

}  // namespace hydra_provisioner::state
