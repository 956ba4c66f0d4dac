// Logging in to a machine, as the queue runner does: with the host key that is on record, and no other.
#pragma once

#include "app/options.hpp"
#include "app/terminal.hpp"

namespace hydra_provisioner {

// Becomes ssh. Returns, with an exit status, only if it cannot.
int log_in(const Options& options, TerminalVoice& voice);

}  // namespace hydra_provisioner
