// Makes the configuration that the program reads from the pools of a scenario.
#pragma once

#include <map>
#include <vector>

#include "model/config.hpp"
#include "publish/read_machines_file.hpp"
#include "tests/simulation/schedule.hpp"

namespace hydra_provisioner::simulation {

inline const Owner own_installation{"ours"};

// With the pools as they are by now.
Config configuration_of(const Scenario& scenario, const std::vector<PoolSetup>& pools);

// As what the machines of each pool connect to the queue runner; none if they do not join.
std::map<PoolName, publish::MachineLine> joining(const Scenario& scenario);

}  // namespace hydra_provisioner::simulation
