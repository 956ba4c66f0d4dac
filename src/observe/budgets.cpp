#include "observe/budgets.hpp"

#include <algorithm>
#include <optional>

#include "io/text/local_time.hpp"

namespace hydra_provisioner::observe {
namespace {

Instant beginning(BudgetPeriod period, Instant now, int later = 0) {
  return period == BudgetPeriod::day ? io::start_of_day(now, later) : io::start_of_month(now, later);
}

const std::optional<Micros>& limit_of(const Budget& budget, BudgetPeriod period) {
  return period == BudgetPeriod::day ? budget.per_day : budget.per_month;
}

// Calls use(limit, pool) for each budget of this period; null: it is that of all pools together.
template <class Use>
void visit_budgets(const Config& config, BudgetPeriod period, Use&& use) {
  if (const auto& limit = limit_of(config.budget, period)) use(*limit, nullptr);
  for (const auto& [name, pool] : config.pools) {
    if (const auto& limit = limit_of(pool.budget, period)) use(*limit, &name);
  }
}

Micros spent_on(const std::map<PoolName, Micros>& pools, const PoolName* pool) {
  Micros sum;
  for (const auto& [name, money] : pools) {
    if (pool == nullptr || name == *pool) sum.n += money.n;
  }
  return sum;
}

std::int64_t percent_of(Micros spent, Micros limit) {
  constexpr double percent_max = 1e6;
  if (limit.n <= 0) return 100;
  return static_cast<std::int64_t>(std::min(100.0 * units_in(spent) / units_in(limit), percent_max));
}

}  // namespace

std::set<Instant> budgets_begin(const Config& config, Instant now) {
  std::set<Instant> begin;
  for (const BudgetPeriod period : {BudgetPeriod::day, BudgetPeriod::month})
    visit_budgets(config, period, [&](Micros, const PoolName*) { begin.insert(beginning(period, now)); });
  return begin;
}

std::vector<BudgetUse> budgets_in_use(const Config& config, const Spending& spent, Instant now) {
  std::vector<BudgetUse> budgets;
  for (const BudgetPeriod period : {BudgetPeriod::day, BudgetPeriod::month}) {
    // Local times cost something, and most farms have no budget.
    visit_budgets(config, period, [&](Micros limit, const PoolName* pool) {
      const auto pools = spent.find(beginning(period, now));
      const Micros sum = pools == spent.end() ? Micros{} : spent_on(pools->second, pool);
      budgets.push_back({.pool = pool == nullptr ? std::nullopt : std::optional(*pool),
                         .period = period,
                         .limit = limit,
                         .percent = percent_of(sum, limit),
                         .until = beginning(period, now, 1),
                         .spares_min_machines = config.budget_spares_min_machines});
    });
  }
  return budgets;
}

}  // namespace hydra_provisioner::observe
