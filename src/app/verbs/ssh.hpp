// Logging in to a machine, as the queue runner does: with the host key that is on record, and no other.
#pragma once

#include "app/cli/options.hpp"
#include "app/cli/terminal.hpp"

namespace hydra_provisioner::app {

// Becomes ssh. Returns, with an exit status, only if it cannot.
int log_in(const Options& options, TerminalVoice& voice);

}  // namespace hydra_provisioner::app
