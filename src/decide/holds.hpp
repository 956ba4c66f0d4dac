// What keeps a pool, or a machine, from being touched: an operator's order, or too many machines that do not work.
#pragma once

#include <optional>
#include <vector>

#include "decide/pool_view.hpp"

namespace hydra_provisioner {

// Why nothing is done with the pool's machines, and none are made. More than maxUnhealthy of them not working speaks of
// trouble that replacing machines would not mend; three at a time are nothing unusual, whatever their share.
std::optional<Reason> hold_on(const PoolView& pool);

bool is_protected(const PoolView& pool, const Machine& machine);

// What would be done in spite of a hold or a protection becomes Keep. What an operator ordered of a machine is done all
// the same.
void hold_back(const PoolView& pool, std::vector<Action>& actions);

}  // namespace hydra_provisioner
