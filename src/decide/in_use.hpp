// The machines that their providers want looked after.
#pragma once

#include <vector>

#include "model/plan.hpp"
#include "model/snapshot.hpp"

namespace hydra_provisioner::decide {

// Those that steps may run on, draining ones included, by number; not those that leave now. They are checked every
// Snapshot::check_intervals, at once when the queue runner has failed to use them since, and not while they are
// redeployed, which is a check, too.
std::vector<InUse> machines_in_use(const Snapshot& seen, const std::vector<Action>& actions);

}  // namespace hydra_provisioner::decide
