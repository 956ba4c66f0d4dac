// Where a trace goes that was imported or invented.
#pragma once

#include "app/cli/options.hpp"
#include "app/cli/terminal.hpp"
#include "model/error.hpp"
#include "trace/trace.hpp"

namespace hydra_provisioner::app {

// To --output or stdout. Returns the exit status.
int put_out(const Expected<trace::Trace>& trace, const Options& options, TerminalVoice& voice);

}  // namespace hydra_provisioner::app
