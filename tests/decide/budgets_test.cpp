// What the budgets allow.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/decide/farm.hpp"

namespace hydra_provisioner::decide {
namespace {

using namespace std::chrono_literals;

using testing::ElementsAre;
using testing::IsEmpty;

const std::string budgeted = "x86_64-linux";
const Micros fifty{50'000'000};

BudgetUse spent(std::int64_t percent) { return {.limit = fifty, .percent = percent, .until = noon + 12h}; }

BudgetUse of_type(const std::string& type, BudgetUse budget) {
  budget.pool = PoolName{type};
  return budget;
}

TEST(Budgets, StopCreationsWhenTheyAreSpent) {
  const Plan p = farm(budgeted).has(ready(1).busy(1)).runnable(budgeted, 5).budget(spent(100)).decided();
  EXPECT_EQ(actions_of(p), "keep 1") << "a machine that exists stays";
  EXPECT_THAT(pool_plan(p, budgeted).notes,
              ElementsAre("no creations and starts beyond minMachines until the next day begins: 100 % of "
                          "maxCostPerDay 50.00 are spent"));
  EXPECT_THAT(p.notes, ElementsAre("budget of all types: 100 % of maxCostPerDay 50.00 are spent"));
  EXPECT_EQ(p.reconsider_at, noon + 12h);
}

TEST(Budgets, AreToldOfFromEightyPercentOn) {
  const Plan nearly = farm(budgeted).runnable(budgeted, 1).budget(spent(80)).decided();
  EXPECT_EQ(actions_of(nearly), "create 100");
  EXPECT_THAT(nearly.notes, ElementsAre("budget of all types: 80 % of maxCostPerDay 50.00 are spent"));
  EXPECT_THAT(farm(budgeted).budget(spent(79)).decided().notes, IsEmpty());
}

TEST(Budgets, StopStartsToo) {
  const Plan p =
      farm(budgeted, {.stop_on_idle = true}).has(stopped(1)).runnable(budgeted, 1).budget(spent(120)).decided();
  EXPECT_EQ(actions_of(p), "keep 1");
}

TEST(Budgets, LetDrainingMachinesReturn) {
  const Plan p = farm(budgeted).has(draining(1)).runnable(budgeted, 1).budget(spent(120)).decided();
  EXPECT_EQ(actions_of(p), "undrain 1") << "they cost nothing more than before";
}

TEST(Budgets, SpareTheMinimumUnlessTheyAreNotTo) {
  Farm two_of_three = farm(budgeted, {.min_machines = 3}).has(ready(1), ready(2)).runnable(budgeted, 9);
  BudgetUse budget = spent(100);
  EXPECT_EQ(actions_of(Farm(two_of_three).budget(budget).decided()), "create 100, keep 1, keep 2");
  budget.spares_min_machines = false;
  const Plan strict = Farm(two_of_three).budget(budget).decided();
  EXPECT_EQ(actions_of(strict), "keep 1, keep 2");
  EXPECT_THAT(pool_plan(strict, budgeted).notes,
              ElementsAre("no creations and starts until the next day begins: 100 % of maxCostPerDay 50.00 are spent"));
}

TEST(Budgets, OfATypeConcernThatTypeOnly) {
  const Plan p = farm(budgeted)
                     .pool("aarch64-linux")
                     .runnable(budgeted, 1)
                     .runnable("aarch64-linux", 1)
                     .budget(of_type(budgeted, spent(100)))
                     .decided();
  EXPECT_EQ(pool_plan(p, budgeted).notes.size(), 1U);
  EXPECT_THAT(p.notes, ElementsAre("budget of x86_64-linux: 100 % of maxCostPerDay 50.00 are spent"));
  EXPECT_THAT(pool_plan(p, "aarch64-linux").notes, IsEmpty());
  EXPECT_EQ(actions_of(p), "create 100");
  EXPECT_EQ(action_on(p, 100).pool, PoolName{"aarch64-linux"});
}

TEST(Budgets, ThatHoldsLongestIsNamed) {
  BudgetUse month = spent(101);
  month.period = BudgetPeriod::month;
  month.until = noon + 240h;
  const Plan p = farm(budgeted).runnable(budgeted, 1).budget(month).budget(spent(100)).decided();
  EXPECT_THAT(pool_plan(p, budgeted).notes,
              ElementsAre(testing::HasSubstr("until the next month begins: 101 % of maxCostPerMonth")));
}

TEST(Budgets, KeepMachinesThatCouldNotBeReplaced) {
  const Settings three{.max_machines = 2, .max_age = 600s, .max_unavailable = 2};
  const Plan p = farm(budgeted, three)
                     .has(ready(1).launched_for(3600s), ready(2).launched_for(3600s))
                     .runnable(budgeted, 5)
                     .budget(spent(100))
                     .decided();
  EXPECT_EQ(actions_of(p), "keep 1, keep 2");
}

TEST(Budgets, PutBackMachinesThatWereToBeReplaced) {
  const Plan p = farm(budgeted, {.max_machines = 3, .max_age = 600s})
                     .has(draining(1).launched_for(3600s))
                     .runnable(budgeted, 1)
                     .budget(spent(100))
                     .decided();
  EXPECT_EQ(actions_of(p), "undrain 1");
}

TEST(Budgets, HoldNothingThatTheMinimumCovers) {
  const Plan p = farm(budgeted, {.min_machines = 2, .max_machines = 5, .max_age = 600s})
                     .has(ready(1), ready(2).launched_for(3600s))
                     .budget(spent(100))
                     .decided();
  EXPECT_EQ(actions_of(p), "keep 1, keep 2") << "not a third one for the second";
  const Plan one = farm(budgeted, {.min_machines = 1}).budget(spent(100)).decided();
  EXPECT_EQ(actions_of(one), "create 100");
  EXPECT_EQ(pool_plan(one, budgeted).held, std::nullopt);
}

TEST(Budgets, AreUnspentWhenTheirDayIsOver) {
  BudgetUse budget = spent(100);
  budget.until = noon;
  const Plan p = farm(budgeted).runnable(budgeted, 1).budget(budget).decided();
  EXPECT_EQ(actions_of(p), "create 100");
  EXPECT_THAT(p.notes, IsEmpty());
}

TEST(Budgets, AreNoHoldWhereNothingIsMissing) {
  const Plan p = farm(budgeted).has(ready(1)).runnable(budgeted, 1).budget(spent(100)).decided();
  EXPECT_THAT(pool_plan(p, budgeted).notes, IsEmpty());
}

}  // namespace
}  // namespace hydra_provisioner::decide
