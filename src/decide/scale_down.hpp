// What happens to the machines that the target does not need.
#pragma once

#include <cstdint>
#include <vector>

#include "decide/pool_view.hpp"

namespace hydra_provisioner::decide {

// Machines that an operator ordered away drain even if the status is not trusted. `leaving` machines are being
// destroyed by the same plan already; they make room under the maximum.
std::vector<Action> scale_down(const PoolView& pool, const FreeMachines& surplus, std::int64_t leaving);

}  // namespace hydra_provisioner::decide
