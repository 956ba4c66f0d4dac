// Reads `queue`: where the steps come from.
#pragma once

#include "config/settings.hpp"
#include "model/config.hpp"

namespace hydra_provisioner::config {

// Also sets the defaults of other options that depend on it.
void read_queue(Config& config, Settings& settings, Report& report);

}  // namespace hydra_provisioner::config
