// Passes, one after another, none of which waits for anything slow.
#pragma once

#include "app/cli/verb.hpp"
#include "app/inputs/configuration.hpp"
#include "config/load.hpp"
#include "io/async/task.hpp"
#include "model/config.hpp"

namespace hydra_provisioner::app {

// Ends on SIGTERM and SIGINT; operations that are under way go on after that. `config` was just loaded from `file`; it
// is loaded again when it has changed, and on SIGHUP. With `errors`, which were reported, the file is wrong, and
// `config` is an earlier one.
io::Task<Outcome> run_daemon(Config config, ConfigFile file, Context context, config::ConfigErrors errors);

}  // namespace hydra_provisioner::app
