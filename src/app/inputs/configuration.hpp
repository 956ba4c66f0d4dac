// The configuration file that a verb or the daemon reads.
#pragma once

#include <expected>
#include <optional>
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

// For those who come from the original program: it wrote its machines file to another place than this one by default,
// and a queue runner that reads that file never hears of our machines.
std::optional<std::string> hint_at_file_of_original(const Config& config);

io::Task<std::expected<Config, Failure>> load(ConfigFile file);

}  // namespace hydra_provisioner::app
