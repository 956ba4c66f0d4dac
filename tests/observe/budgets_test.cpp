#include "observe/budgets.hpp"

#include <chrono>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "io/text/local_time.hpp"
#include "tests/support/usual.hpp"

namespace hydra_provisioner::observe {
namespace {

using support::noon;
using support::plain;
using testing::ElementsAre;
using testing::IsEmpty;

const PoolName other{"aarch64-linux"};
const Instant day = io::start_of_day(noon);
const Instant month = io::start_of_month(noon);

class BudgetsInUse : public testing::Test {
 protected:
  BudgetsInUse() {
    config.pools[plain].name = plain;
    config.pools[other].name = other;
  }

  std::vector<BudgetUse> budgets() const { return budgets_in_use(config, spent, noon); }

  Config config;
  Spending spent{{day, {{plain, Micros{3'000'000}}, {other, Micros{1'999'999}}}},
                 {month, {{plain, Micros{90'000'000}}, {other, Micros{10'000'000}}}}};
};

TEST_F(BudgetsInUse, AreNoneWhereNoneIsConfigured) {
  EXPECT_THAT(budgets_begin(config, noon), IsEmpty());
  EXPECT_THAT(budgets(), IsEmpty());
}

TEST_F(BudgetsInUse, CountAllTypesOrOne) {
  config.budget.per_day = Micros{10'000'000};
  config.pools.at(other).budget.per_day = Micros{2'000'000};
  EXPECT_THAT(budgets_begin(config, noon), ElementsAre(day));
  const auto found = budgets();
  ASSERT_EQ(found.size(), 2U);
  EXPECT_EQ(found[0], (BudgetUse{.limit = Micros{10'000'000}, .percent = 49, .until = io::start_of_day(noon, 1)}));
  EXPECT_EQ(found[1].pool, other);
  EXPECT_EQ(found[1].percent, 99) << "rounded down, so that 100 means all of it";
}

TEST_F(BudgetsInUse, CountByMonthToo) {
  config.budget.per_month = Micros{50'000'000};
  config.budget_spares_min_machines = false;
  EXPECT_THAT(budgets(), ElementsAre(BudgetUse{.period = BudgetPeriod::month,
                                               .limit = Micros{50'000'000},
                                               .percent = 200,
                                               .until = io::start_of_month(noon, 1),
                                               .spares_min_machines = false}));
}

TEST_F(BudgetsInUse, OfNothingAreAlwaysSpent) {
  config.budget.per_day = Micros{0};
  spent.clear();
  EXPECT_EQ(budgets().front().percent, 100);
}

}  // namespace
}  // namespace hydra_provisioner::observe
