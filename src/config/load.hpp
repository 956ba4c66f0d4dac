// From conf.nix to a Config: Nix evaluates the file, then its value is read. All errors are reported at once.
#pragma once

#include <expected>
#include <string>
#include <string_view>
#include <vector>

#include <nlohmann/json_fwd.hpp>

#include "io/async/task.hpp"
#include "model/config.hpp"

namespace hydra_provisioner::config {

// One line each: `conf.nix: systemTypes.x86_64-linux.maxMachine: unknown option (did you mean maxMachines?)`. Only the
// error of a file that Nix cannot evaluate has more lines: those of Nix.
using ConfigErrors = std::vector<std::string>;

struct ConfigOptions {
  bool allow_empty = false;  // a configuration without pools is right: it drains all machines
  std::string journal{};     // instead of the file's; empty: as that says
};

io::Task<std::expected<Config, ConfigErrors>> load_config(std::string file, ConfigOptions options);

// The second half of load_config(), for the value of a file. `name` is the name of the file in messages.
std::expected<Config, ConfigErrors> read_config(std::string_view name, const nlohmann::json& value,
                                                ConfigOptions options);

// A pool from its recorded settings (PoolConfig::settings_json).
std::expected<PoolConfig, ConfigErrors> read_pool(std::string_view name, std::string_view settings_json);

}  // namespace hydra_provisioner::config
