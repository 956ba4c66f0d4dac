// The verbs with which an operator orders something: written into the journal, obeyed from the next pass on.
#pragma once

#include "app/cli/options.hpp"
#include "app/cli/terminal.hpp"
#include "io/async/task.hpp"

namespace hydra_provisioner::app {

// The exit status. Whoever is at work on the tag is not waited for.
io::Task<int> give_order(const Options& options, TerminalVoice& voice);

}  // namespace hydra_provisioner::app
