// The verb replay.
#pragma once

#include "app/cli/options.hpp"
#include "app/cli/terminal.hpp"
#include "io/async/task.hpp"
#include "state/archive.hpp"

namespace hydra_provisioner::app {

// The exit status: 1 when the plan is another one now.
io::Task<int> tell_replay(const state::Archive& archive, const Options& options, TerminalVoice& voice);

}  // namespace hydra_provisioner::app
