// How long steps wait: until a machine is ready for them, and until it has the first of them.
#pragma once

#include <map>

#include "act/ledger.hpp"
#include "model/names.hpp"
#include "model/plan.hpp"
#include "model/queue.hpp"
#include "model/time.hpp"

namespace hydra_provisioner::pass {

// Since when each pool has had waiting steps without interruption; pools without any are left out. `before` is what the
// pass before found. While the status is not trusted, it stays so.
std::map<PoolName, Instant> waiting_since(const std::map<PoolName, Instant>& before, const Plan& plan);

// Counts how long it took since the demand for it until a machine got its first step, and forgets the demand.
void note_first_steps(act::Ledger& ledger, const Queue& queue);

}  // namespace hydra_provisioner::pass
