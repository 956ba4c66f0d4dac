// The verbs that take a configuration: check, plan, status, and a pass.
#pragma once

#include "app/cli/options.hpp"
#include "app/cli/terminal.hpp"
#include "io/async/task.hpp"

namespace hydra_provisioner::app {

// The exit status.
io::Task<int> run_verb(const Options& options, TerminalVoice& voice);

}  // namespace hydra_provisioner::app
