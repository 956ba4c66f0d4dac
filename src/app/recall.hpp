// The verbs that read nothing but the journal: history, explain, cost and replay.
#pragma once

#include "app/options.hpp"
#include "app/terminal.hpp"
#include "io/task.hpp"

namespace hydra_provisioner {

// The exit status. They never change a journal, and do not mind whoever is writing it.
Task<int> recall(const Options& options, TerminalVoice& voice);

}  // namespace hydra_provisioner
