// `generate-trace`: an invented trace.
#pragma once

#include "app/options.hpp"
#include "app/terminal.hpp"

namespace hydra_provisioner {

int generate_trace(const Options& options, TerminalVoice& voice);

}  // namespace hydra_provisioner
