// What an event does to the farm and the program.
#pragma once

#include "sim/farm.hpp"
#include "tests/simulation/invariants.hpp"
#include "tests/simulation/program.hpp"
#include "tests/simulation/schedule.hpp"

namespace hydra_provisioner::simulation {

void apply(sim::Farm& farm, Program& program, Invariants& invariants, const Event& event);

// From now on nothing goes wrong.
void end_all_faults(sim::Farm& farm);

}  // namespace hydra_provisioner::simulation
