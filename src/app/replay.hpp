// Deciding again what a recorded pass decided.
#pragma once

#include <string>

#include "app/options.hpp"
#include "app/terminal.hpp"
#include "io/task.hpp"
#include "model/plan.hpp"
#include "state/archive.hpp"

namespace hydra_provisioner {

struct Replayed {
  Inputs inputs;
  Plan plan;
  Facts recorded{};       // all of the pass's
  bool is_equal = false;  // byte for byte to what was decided then
};
Expected<Replayed> replay_pass(const Archive& archive, const ArchivedPass& pass);

// The pass of this number, `latest`, or the latest that had begun by then; the message says which there are.
Expected<ArchivedPass> find_pass(const Archive& archive, const std::string& number);
Expected<ArchivedPass> find_pass(const Archive& archive, Instant time);

// The verb. The exit status: 1 when the plan is another one now.
Task<int> tell_replay(const Archive& archive, const Options& options, TerminalVoice& voice);

}  // namespace hydra_provisioner
