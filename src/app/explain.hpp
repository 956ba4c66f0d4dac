// Why a machine is there, or none is created, and what would change that.
#pragma once

#include <string>
#include <vector>

#include <nlohmann/json_fwd.hpp>

#include "app/history.hpp"
#include "app/options.hpp"
#include "app/replay.hpp"
#include "app/terminal.hpp"
#include "state/archive.hpp"

namespace hydra_provisioner {

struct Change {
  std::string what;
  std::string result;  // empty: it would change nothing
};

struct Explanation {
  std::string name;
  std::string headline{};              // what it does, and why
  std::vector<std::string> binding{};  // of a type: what holds it back
  std::vector<Happening> events{};     // of a machine
  std::vector<Change> changes{};
};

Explanation explain_type(const PoolName& pool, const Replayed& pass);
Explanation explain_machine(const MachineId& machine, const Replayed& pass, std::vector<Happening> events);

// The verb; the exit status.
int tell_explanation(const Archive& archive, const Options& options, TerminalVoice& voice);

}  // namespace hydra_provisioner
