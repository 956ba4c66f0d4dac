// The verb history.
#pragma once

#include "app/cli/options.hpp"
#include "app/cli/terminal.hpp"
#include "state/archive.hpp"

namespace hydra_provisioner::app {

// The exit status.
int tell_history(const state::Archive& archive, const Options& options, TerminalVoice& voice);

}  // namespace hydra_provisioner::app
