// Makes a failing scenario smaller: it leaves out what the failure does not need.
#pragma once

#include "tests/simulation/run.hpp"
#include "tests/simulation/schedule.hpp"

namespace hydra_provisioner::simulation {

// The result still fails, perhaps with another violation.
Scenario shrink(Scenario failing, const Terms& terms);

}  // namespace hydra_provisioner::simulation
