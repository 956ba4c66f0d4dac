// One `systemTypes.<type>`.
#pragma once

#include <string>
#include <string_view>

#include "config/settings.hpp"
#include "io/text/json.hpp"
#include "model/config.hpp"

namespace hydra_provisioner::config {

// `path` is the pool's own, `value` whatever stands there. What the report got an error about has its default.
PoolConfig read_pool(std::string_view name, const std::string& path, const io::Json& value, Report& report);

}  // namespace hydra_provisioner::config
