// What the budgets allow.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "decide/pool_view.hpp"
#include "model/plan.hpp"
#include "model/snapshot.hpp"

namespace hydra_provisioner::decide {

// From when on a budget is told of.
inline constexpr std::int64_t percent_to_tell = 80;

// Of the pool's budgets and those of all pools, one that is spent, if any: that which is so for the longest time.
const BudgetUse* spent_budget(const PoolView& pool);
std::string limit_of(const BudgetUse& budget);  // "maxCostPerDay 50.00"
std::string use_of(const BudgetUse& budget);    // "83 % of maxCostPerDay 50.00 are spent"
Reason no_more_machines(const BudgetUse& spent);

// "budget of x86_64-linux"
std::string whose_budget(const BudgetUse& budget);
// Of all budgets that are spent, or nearly.
std::vector<std::string> notes_about_budgets(const Snapshot& seen);

}  // namespace hydra_provisioner::decide
