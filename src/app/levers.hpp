// The verbs with which an operator orders something: written into the journal, obeyed from the next pass on.
#pragma once

#include "app/options.hpp"
#include "app/terminal.hpp"
#include "io/task.hpp"

namespace hydra_provisioner {

// The exit status. Whoever is at work on the tag is not waited for.
Task<int> give_order(const Options& options, TerminalVoice& voice);

}  // namespace hydra_provisioner
