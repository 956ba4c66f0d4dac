// The verbs that take a configuration: check, plan, status, and a pass.
#pragma once

#include "app/options.hpp"
#include "app/terminal.hpp"
#include "io/task.hpp"

namespace hydra_provisioner {

// The exit status.
Task<int> run_verb(const Options& options, TerminalVoice& voice);

}  // namespace hydra_provisioner
