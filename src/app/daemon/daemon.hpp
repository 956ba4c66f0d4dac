// Passes, one after another, none of which waits for anything slow.
#pragma once

#include "app/cli/options.hpp"
#include "app/cli/terminal.hpp"
#include "io/async/task.hpp"
#include "model/config.hpp"

namespace hydra_provisioner::app {

// Until SIGTERM or SIGINT, and what is under way goes on after that; SIGHUP reads the configuration again, which is
// also done when it has changed. Returns the exit status.
io::Task<int> run_daemon(Config config, const Options& options, TerminalVoice& voice);

}  // namespace hydra_provisioner::app
