// The configuration file that a verb or the daemon reads.
#pragma once

#include <expected>
#include <string>

#include "app/cli/arguments.hpp"
#include "app/cli/outcome.hpp"
#include "io/async/task.hpp"
#include "model/config.hpp"

namespace hydra_provisioner::app {

struct ConfigFile {
  std::string path{};
  bool allow_empty = false;
};

// The word CONF and --allow-empty.
void declare_config(Arguments& arguments, ConfigFile& file);
void declare_allow_empty(Arguments& arguments, ConfigFile& file);

io::Task<std::expected<Config, Failure>> load(ConfigFile file);

}  // namespace hydra_provisioner::app
