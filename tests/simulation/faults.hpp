// What an event does to the farm and the hosts.
#pragma once

#include "sim/farm.hpp"
#include "tests/simulation/hosts.hpp"
#include "tests/simulation/invariants.hpp"
#include "tests/simulation/schedule.hpp"

namespace hydra_provisioner::simulation {

void apply(sim::Farm& farm, Hosts& hosts, Invariants& invariants, const Event& event);

// From now on nothing goes wrong.
void end_all_faults(sim::Farm& farm, Hosts& hosts);

}  // namespace hydra_provisioner::simulation
