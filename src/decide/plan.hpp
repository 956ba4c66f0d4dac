// What to do next, and why: a pure function of what was seen. Same arguments, same plan.
#pragma once

#include "model/config.hpp"
#include "model/plan.hpp"
#include "model/snapshot.hpp"

namespace hydra_provisioner::decide {

Plan plan(const Snapshot& seen, const Config& config);

}  // namespace hydra_provisioner::decide
