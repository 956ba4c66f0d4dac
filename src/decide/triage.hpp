// What is settled before demand is looked at: machines in somebody's hands, out of sight, or beyond help.
#pragma once

#include <vector>

#include "decide/pool_view.hpp"

namespace hydra_provisioner::decide {

struct Triage {
  std::vector<Action> settled;
  FreeMachines free;
  FreeMachines dismissed;  // that an operator ordered away: whatever is needed, they leave
  // Machines that a running job is creating, starting or redeploying; they count towards the target.
  std::int64_t coming_under_way = 0;
};

Triage triage(const PoolView& pool);

}  // namespace hydra_provisioner::decide
