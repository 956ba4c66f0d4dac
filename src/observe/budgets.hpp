// How much of the budgets is spent.
#pragma once

#include <set>
#include <vector>

#include "model/config.hpp"
#include "model/money.hpp"
#include "model/snapshot.hpp"
#include "model/time.hpp"

namespace hydra_provisioner::observe {

// Since when it has to be known what was spent. Empty: there are no budgets.
std::set<Instant> budgets_begin(const Config& config, Instant now);

// A pool without a price costs nothing.
std::vector<BudgetUse> budgets_in_use(const Config& config, const Spending& spent, Instant now);

}  // namespace hydra_provisioner::observe
