// Passes, one after another, none of which waits for anything slow.
#pragma once

#include "app/options.hpp"
#include "app/terminal.hpp"
#include "io/task.hpp"
#include "model/config.hpp"

namespace hydra_provisioner {

// Until SIGTERM or SIGINT, and what is under way goes on after that; SIGHUP reads the configuration again, which is
// also done when it has changed. Returns the exit status.
Task<int> run_daemon(Config config, const Options& options, TerminalVoice& voice);

}  // namespace hydra_provisioner
