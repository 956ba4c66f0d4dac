// The verbs that read nothing but the journal: history, explain, cost and replay.
#pragma once

#include "app/cli/options.hpp"
#include "app/cli/terminal.hpp"
#include "io/async/task.hpp"

namespace hydra_provisioner::app {

// The exit status. They never change a journal, and do not mind whoever is writing it.
io::Task<int> recall(const Options& options, TerminalVoice& voice);

}  // namespace hydra_provisioner::app
