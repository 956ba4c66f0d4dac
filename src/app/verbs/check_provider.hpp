// The verb check-provider: whether a program does all that a provider has to (docs/exec-provider.md).
#pragma once

#include "app/cli/options.hpp"
#include "app/cli/terminal.hpp"
#include "io/async/task.hpp"

namespace hydra_provisioner::app {

// The exit status: 0 if it fails at no point.
io::Task<int> check_provider(const Options& options, TerminalVoice& voice);

}  // namespace hydra_provisioner::app
