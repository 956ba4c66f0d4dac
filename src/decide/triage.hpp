// Machines whose action does not depend on the demand: a job works on them, their provider does not show them, or they
// have failed.
#pragma once

#include <vector>

#include "decide/pool_view.hpp"

namespace hydra_provisioner::decide {

struct Triage {
  std::vector<Action> settled;
  FreeMachines free;
  FreeMachines sent_away;  // see must_leave()
  // Machines that a running job is creating, starting or redeploying, and those that are left alone because their
  // provider describes them badly; they count towards the target.
  std::int64_t coming_under_way = 0;
};

Triage triage(const PoolView& pool);

}  // namespace hydra_provisioner::decide
