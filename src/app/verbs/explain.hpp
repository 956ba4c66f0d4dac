// The verb explain.
#pragma once

#include "app/cli/options.hpp"
#include "app/cli/terminal.hpp"
#include "state/archive.hpp"

namespace hydra_provisioner::app {

// The exit status.
int tell_explanation(const state::Archive& archive, const Options& options, TerminalVoice& voice);

}  // namespace hydra_provisioner::app
