#include "decide/budgets.hpp"

#include <string_view>

#include <fmt/format.h>

namespace hydra_provisioner::decide {
namespace {

std::string_view option_of(BudgetPeriod period) {
  return period == BudgetPeriod::day ? "maxCostPerDay" : "maxCostPerMonth";
}

}  // namespace

std::string use_of(const BudgetUse& budget) {
  return fmt::format("{} % of {} {:.2f} {} spent", budget.percent, option_of(budget.period), units_in(budget.limit),
                     budget.percent == 1 ? "is" : "are");
}

const BudgetUse* spent_budget(const PoolView& pool) {
  const BudgetUse* spent = nullptr;
  for (const BudgetUse& budget : pool.seen.budgets) {
    const bool concerns_it = !budget.pool || *budget.pool == pool.settings.name;
    if (!concerns_it || budget.percent < 100) continue;
    if (spent == nullptr || budget.until > spent->until) spent = &budget;
  }
  return spent;
}

Reason no_more_machines(const BudgetUse& spent) {
  return {ReasonCode::budget,
          fmt::format("no creations and starts{} until the next {} begins: {}",
                      spent.spares_min_machines ? " beyond minMachines" : "", to_string(spent.period), use_of(spent)),
          spent.until};
}

std::vector<std::string> notes_about_budgets(const Snapshot& seen, const std::optional<PoolName>& pool) {
  std::vector<std::string> notes;
  for (const BudgetUse& budget : seen.budgets) {
    if (budget.pool != pool || budget.percent < percent_to_tell) continue;
    notes.push_back(fmt::format("{} since the {} began", use_of(budget), to_string(budget.period)));
  }
  return notes;
}

}  // namespace hydra_provisioner::decide
