// Makes the configuration that the program reads from the pools of a scenario.
#pragma once

#include <vector>

#include "model/config.hpp"
#include "tests/simulation/schedule.hpp"

namespace hydra_provisioner::simulation {

inline const Owner own_installation{"ours"};

Config configuration_of(const std::vector<PoolSetup>& pools, std::int64_t interval_seconds, std::int64_t max_parallel);

}  // namespace hydra_provisioner::simulation
