// The configuration file that a verb or the daemon reads.
#pragma once

#include <expected>
#include <optional>
#include <string>

#include "app/cli/arguments.hpp"
#include "app/cli/outcome.hpp"
#include "config/load.hpp"
#include "io/async/task.hpp"
#include "model/config.hpp"

namespace hydra_provisioner::app {

struct ConfigFile {
  std::string path{};
  bool allow_empty = false;
  std::string journal{};  // instead of the configuration's; empty: as that says

  config::ConfigOptions options() const { return {.allow_empty = allow_empty, .journal = journal}; }
};

// The word CONF, --allow-empty and --journal.
void declare_config(Arguments& arguments, ConfigFile& file);
void declare_allow_empty(Arguments& arguments, ConfigFile& file);

// For those who come from the original program: it wrote its machines file to another place than this one by default,
// and a queue runner that reads that file never hears of our machines.
std::optional<std::string> hint_at_file_of_original(const Config& config);

io::Task<std::expected<Config, Failure>> load(ConfigFile file);

}  // namespace hydra_provisioner::app
