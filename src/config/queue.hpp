// Reads `queue`: where the steps come from.
#pragma once

#include "config/settings.hpp"
#include "model/config.hpp"

namespace hydra_provisioner::config {

// Also sets the defaults of other options that depend on it.
void read_queue(Config& config, Settings& settings, Report& report);

// Of a configuration that is right otherwise: whether the machines of each type come to the queue runner.
void check_joining(const Config& config, Report& report);

}  // namespace hydra_provisioner::config
