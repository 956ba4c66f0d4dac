// `generate-trace`: an invented trace.
#pragma once

#include "app/cli/options.hpp"
#include "app/cli/terminal.hpp"

namespace hydra_provisioner::app {

int generate_trace(const Options& options, TerminalVoice& voice);

}  // namespace hydra_provisioner::app
