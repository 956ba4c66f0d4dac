#include <gtest/gtest.h>

#include "tests/decide/farm.hpp"

namespace hydra_provisioner::decide {
namespace {

using namespace std::chrono_literals;

PoolPlan plan_for(std::int64_t runnable, Settings settings) {
  return pool_plan(farm("x86_64-linux", settings).runnable("x86_64-linux", runnable).decided(), "x86_64-linux");
}

TEST(HowMany, WantedIsRunnableLessIgnoredByRunnablesPerMachine) {
  const PoolPlan pool = plan_for(37, {.max_machines = 3, .ignored_runnables = 5, .runnables_per_machine = 10});
  EXPECT_EQ(pool.wanted, 4);
  EXPECT_EQ(pool.target, 3);
  EXPECT_EQ(pool.explanation, "37 runnable, 5 ignored, 10 per machine → 4 wanted, 3 allowed (max 3)");
}

TEST(HowMany, WantedIsRoundedUp) {
  EXPECT_EQ(plan_for(10, {.runnables_per_machine = 10}).wanted, 1);
  EXPECT_EQ(plan_for(11, {.runnables_per_machine = 10}).wanted, 2);
}

TEST(HowMany, FewerThanTheIgnoredOnesWantNothing) {
  EXPECT_EQ(plan_for(4, {.ignored_runnables = 5}).wanted, 0);
  EXPECT_EQ(plan_for(5, {.ignored_runnables = 5}).wanted, 0);
  EXPECT_EQ(plan_for(6, {.ignored_runnables = 5}).wanted, 1);
}

TEST(HowMany, TheTargetIsAtLeastMinMachines) {
  const PoolPlan pool = plan_for(0, {.min_machines = 2});
  EXPECT_EQ(pool.wanted, 0);
  EXPECT_EQ(pool.target, 2);
  EXPECT_EQ(pool.explanation, "0 runnable, 0 ignored, 1 per machine → 0 wanted, 2 allowed (min 2)");
}

TEST(HowMany, TheTargetIsAtMostMaxMachines) { EXPECT_EQ(plan_for(5, {.max_machines = 4}).target, 4); }

TEST(HowMany, TheMaximumIsAboveTheMinimum) { EXPECT_EQ(plan_for(0, {.min_machines = 5, .max_machines = 2}).target, 2); }

TEST(HowMany, APoolMayHaveNoMachinesAtAll) {
  const Plan p = farm("x86_64-linux", {.max_machines = 0}).runnable("x86_64-linux", 9).decided();
  EXPECT_EQ(pool_plan(p, "x86_64-linux").target, 0);
  EXPECT_EQ(actions_of(p), "");
}

TEST(HowMany, RunningStepsDoNotCount) {
  const Plan p = farm("x86_64-linux").running("x86_64-linux", 7).decided();
  EXPECT_EQ(pool_plan(p, "x86_64-linux").target, 0);
}

TEST(HowMany, EveryPoolIsReportedByName) {
  const Plan p = farm().pool("x86_64-linux").pool("aarch64-linux").decided();
  ASSERT_EQ(p.pools.size(), 2u);
  EXPECT_EQ(p.pools[0].name.text, "aarch64-linux");
  EXPECT_EQ(p.pools[1].name.text, "x86_64-linux");
}

TEST(HowMany, ThePlanCarriesItsTimeAndTheMachinesThatExist) {
  const Plan p = farm("x86_64-linux").has(ready(1), failed(2), stopped(3)).at(noon + 5s).decided();
  EXPECT_EQ(p.time, noon + 5s);
  EXPECT_EQ(pool_plan(p, "x86_64-linux").machines, 3);
}

}  // namespace
}  // namespace hydra_provisioner::decide
