// What to expect of a pool's machines and steps, from what was measured.
#pragma once

#include <vector>

#include "decide/pool_view.hpp"
#include "decide/target.hpp"
#include "model/machine.hpp"
#include "model/time.hpp"

namespace hydra_provisioner::decide {

Outlook outlook(const PoolView& pool);  // of a pool whose queue is trusted

// The median of those that have booted; 180 s when there is none.
Seconds boot_time(const std::vector<const Machine*>& machines);

}  // namespace hydra_provisioner::decide
