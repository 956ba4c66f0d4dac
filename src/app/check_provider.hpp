// The verb check-provider: whether a program does all that a provider has to (docs/exec-provider.md).
#pragma once

#include "app/options.hpp"
#include "app/terminal.hpp"
#include "io/task.hpp"

namespace hydra_provisioner {

// The exit status: 0 if it fails at no point.
Task<int> check_provider(const Options& options, TerminalVoice& voice);

}  // namespace hydra_provisioner
