// What pools leave over at their maximum.
#pragma once

#include <vector>

#include "decide/pool_view.hpp"

namespace hydra_provisioner::decide {

// A pool keeps the waiting steps for which its rule wants maxMachines at most. Those of the others that a spill pool
// serves count for that pool instead; each step counts once. Running steps beyond the slots of maxMachines likewise.
void spill_over(std::vector<PoolView>& pools, const QueueStatus& status);

}  // namespace hydra_provisioner::decide
