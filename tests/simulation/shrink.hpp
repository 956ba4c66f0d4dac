// A failing scenario made smaller: what is not needed for the failure is left out.
#pragma once

#include "tests/simulation/run.hpp"
#include "tests/simulation/schedule.hpp"

namespace hydra_provisioner::simulation {

// Still fails, perhaps otherwise.
Scenario shrink(Scenario failing, const Terms& terms);

}  // namespace hydra_provisioner::simulation
