// One system type: `systemTypes.<type>`.
#pragma once

#include <string>
#include <string_view>

#include "config/settings.hpp"
#include "io/text/json.hpp"
#include "model/config.hpp"

namespace hydra_provisioner::config {

// `maxCostPerDay` and `maxCostPerMonth`, of one type or of all.
void read_budget(Budget& budget, Settings& settings);

// Reads any `value` at the `path` of the pool. An option with an error in the report has its default.
PoolConfig read_pool(std::string_view name, const std::string& path, const io::Json& value, Report& report);

}  // namespace hydra_provisioner::config
