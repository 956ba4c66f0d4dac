// What a happening does to the farm and the program.
#pragma once

#include "sim/farm.hpp"
#include "tests/simulation/invariants.hpp"
#include "tests/simulation/program.hpp"
#include "tests/simulation/schedule.hpp"

namespace hydra_provisioner::simulation {

void befall(sim::Farm& farm, Program& program, Invariants& invariants, const Happening& happening);

// Nothing goes wrong any more.
void calm(sim::Farm& farm);

}  // namespace hydra_provisioner::simulation
