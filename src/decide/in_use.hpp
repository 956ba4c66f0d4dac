// The machines in use that need upkeep by their provider.
#pragma once

#include <vector>

#include "model/plan.hpp"
#include "model/snapshot.hpp"

namespace hydra_provisioner::decide {

// Machines on which steps may run, including draining ones, by number; those that leave now are left out. They are
// checked every Snapshot::check_intervals, and at once when the queue runner failed to use them. A redeploy is a check
// itself.
std::vector<InUse> machines_in_use(const Snapshot& seen, const std::vector<Action>& actions);

}  // namespace hydra_provisioner::decide
