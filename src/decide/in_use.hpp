// The machines in use that need upkeep by their provider.
#pragma once

#include <vector>

#include "model/config.hpp"
#include "model/plan.hpp"
#include "model/snapshot.hpp"

namespace hydra_provisioner::decide {

// Of the machines on which steps may run, including draining ones, those for which something is due, by number; those
// that leave now are left out. They are told that they are needed every keepAliveInterval, which checks them, too;
// where their provider does not do that, they are checked every Snapshot::check_intervals. When the queue runner failed
// to use one, it is checked at once. A redeploy is a check itself.
std::vector<InUse> machines_in_use(const Snapshot& seen, const Config& config, const std::vector<Action>& actions);

}  // namespace hydra_provisioner::decide
