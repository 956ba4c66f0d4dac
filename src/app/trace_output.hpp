// Where a trace goes that was imported or invented.
#pragma once

#include "app/options.hpp"
#include "app/terminal.hpp"
#include "model/error.hpp"
#include "trace/trace.hpp"

namespace hydra_provisioner {

// To --output or stdout. Returns the exit status.
int put_out(const Expected<Trace>& trace, const Options& options, TerminalVoice& voice);

}  // namespace hydra_provisioner
