// From conf.nix to a Config: evaluated by the real Nix, then read with every error at once.
#pragma once

#include <expected>
#include <string>
#include <string_view>
#include <vector>

#include <nlohmann/json_fwd.hpp>

#include "io/async/task.hpp"
#include "model/config.hpp"

namespace hydra_provisioner::config {

// One line each: `conf.nix: systemTypes.x86_64-linux.maxMachine: unknown option (did you mean maxMachines?)`. Only what
// Nix says of a file that it cannot evaluate is shown in full, as further lines of the one error there then is.
using ConfigErrors = std::vector<std::string>;

struct ConfigOptions {
  bool allow_empty = false;  // no pools: drain everything
};

io::Task<std::expected<Config, ConfigErrors>> load_config(std::string file, ConfigOptions options);

// The second half of load_config(), for values that were already evaluated. `name` is how messages call the file.
std::expected<Config, ConfigErrors> read_config(std::string_view name, const nlohmann::json& value,
                                                ConfigOptions options);

// A pool from its recorded settings (PoolConfig::settings_json).
std::expected<PoolConfig, ConfigErrors> read_pool(std::string_view name, std::string_view settings_json);

}  // namespace hydra_provisioner::config
