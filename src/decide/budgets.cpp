#include "decide/budgets.hpp"

#include <fmt/format.h>

namespace hydra_provisioner::decide {
namespace {

// As in a plan for a later time: of the next day or month nothing is spent yet.
bool is_over(const BudgetUse& budget, Instant now) { return budget.until <= now; }

}  // namespace

std::string limit_of(const BudgetUse& budget) {
  return fmt::format("{} {:.2f}", budget.period == BudgetPeriod::day ? "maxCostPerDay" : "maxCostPerMonth",
                     units_in(budget.limit));
}

std::string use_of(const BudgetUse& budget) {
  return fmt::format("{} % of {} {} spent", budget.percent, limit_of(budget), budget.percent == 1 ? "is" : "are");
}

const BudgetUse* spent_budget(const PoolView& pool) {
  const BudgetUse* spent = nullptr;
  for (const BudgetUse& budget : pool.seen.budgets) {
    if (!concerns(budget, pool.settings.name) || budget.percent < 100 || is_over(budget, pool.seen.now)) continue;
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

std::string whose_budget(const BudgetUse& budget) {
  return fmt::format("budget of {}", budget.pool ? budget.pool->text : "all types");
}

std::vector<std::string> notes_about_budgets(const Snapshot& seen) {
  std::vector<std::string> notes;
  for (const BudgetUse& budget : seen.budgets) {
    if (budget.percent >= percent_to_tell && !is_over(budget, seen.now))
      notes.push_back(fmt::format("{}: {}", whose_budget(budget), use_of(budget)));
  }
  return notes;
}

}  // namespace hydra_provisioner::decide
