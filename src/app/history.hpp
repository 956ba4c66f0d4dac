// What happened, line by line.
#pragma once

#include <string>
#include <vector>

#include "app/options.hpp"
#include "app/terminal.hpp"
#include "state/archive.hpp"

namespace hydra_provisioner {

// Of a machine, or, where `machine` is empty, of the passes: when they began not to see or trust everything, began to
// say something else, and were well again.
struct Happening {
  Instant time;
  std::string machine;
  std::string pool;
  std::string what;  // the machine's new state; "pass 7"
  std::string reason;
};

// By time; all there are if `name` is empty, else those of this machine or pool.
std::vector<Happening> happenings(const Archive& archive, Instant since, const std::string& name);

// The verb; the exit status.
int tell_history(const Archive& archive, const Options& options, TerminalVoice& voice);

}  // namespace hydra_provisioner
