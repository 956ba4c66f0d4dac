// `import-trace`: a trace from what was built.
#pragma once

#include "app/options.hpp"
#include "app/terminal.hpp"

namespace hydra_provisioner {

int import_trace(const Options& options, TerminalVoice& voice);

}  // namespace hydra_provisioner
