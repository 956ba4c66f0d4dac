// `import-trace`: a trace from what was built.
#pragma once

#include "app/cli/options.hpp"
#include "app/cli/terminal.hpp"

namespace hydra_provisioner::app {

int import_trace(const Options& options, TerminalVoice& voice);

}  // namespace hydra_provisioner::app
