// Machines without a step that are kept beside those that work.
#include <gtest/gtest.h>

#include "tests/decide/farm.hpp"

namespace hydra_provisioner::decide {
namespace {

using namespace std::chrono_literals;

const std::string spared = "x86_64-linux";

TEST(SpareMachines, AreKeptBesideTheBusyOnes) {
  const Plan p = farm(spared, {.spare_machines = 2}).has(ready(1).busy(1), ready(2)).decided();
  EXPECT_EQ(actions_of(p), "create 100, keep 1, keep 2");
  EXPECT_EQ(reason_of<ActionKind::keep>(p, 2), "needed; idle 3600 s");
  EXPECT_EQ(pool_plan(p, spared).wanted, 3);
  EXPECT_EQ(pool_plan(p, spared).explanation,
            "0 runnable, 0 ignored, 1 per machine → 0 wanted, 0 allowed; 1 busy + 2 spare → 3 wanted, 3 allowed");
}

TEST(SpareMachines, AreNoMoreThanTheMaximumAllows) {
  const Plan p = farm(spared, {.max_machines = 2, .spare_machines = 2}).has(ready(1).busy(1), ready(2)).decided();
  EXPECT_EQ(actions_of(p), "keep 1, keep 2");
  EXPECT_EQ(
      pool_plan(p, spared).explanation,
      "0 runnable, 0 ignored, 1 per machine → 0 wanted, 0 allowed; 1 busy + 2 spare → 3 wanted, 2 allowed (max 2)");
}

TEST(SpareMachines, AreAmongThoseThatTheRuleWantsAnyway) {
  const Plan p = farm(spared, {.spare_machines = 2}).has(ready(1).busy(1)).runnable(spared, 3).decided();
  EXPECT_EQ(pool_plan(p, spared).explanation, "3 runnable, 0 ignored, 1 per machine → 3 wanted, 3 allowed");
}

TEST(SpareMachines, StandBesideTheMinimum) {
  const auto target = [](std::int64_t busy) {
    Farm farm = decide::farm(spared, {.min_machines = 3, .spare_machines = 1});
    for (std::int64_t number = 1; number <= busy; ++number) farm.has(ready(number).busy(1));
    return pool_plan(farm.decided(), spared).target;
  };
  EXPECT_EQ(target(0), 3);
  EXPECT_EQ(target(2), 3);
  EXPECT_EQ(target(3), 4);
}

TEST(SpareMachines, AreNotCountedWhileTheQueueCannotBeSeen) {
  const Plan p = farm(spared, {.spare_machines = 2}).untrusted("it is down").decided();
  EXPECT_EQ(actions_of(p), "");
}

TEST(SpareMachines, MayBeScheduled) {
  const ScheduledLimits by_day{
      .period = "mon-fri 8-17 UTC", .min_machines = {}, .max_machines = {}, .spare_machines = 1, .until = noon + 6h};
  const Plan p = farm(spared).scheduled(spared, by_day).decided();
  EXPECT_EQ(actions_of(p), "create 100");
  EXPECT_EQ(pool_plan(p, spared).explanation,
            "0 runnable, 0 ignored, 1 per machine → 0 wanted, 0 allowed; 0 busy + 1 spare → 1 wanted, 1 allowed; "
            "0 to 10 machines, 1 spare: schedule mon-fri 8-17 UTC");
  EXPECT_EQ(p.reconsider_at, noon + 6h);
}

}  // namespace
}  // namespace hydra_provisioner::decide
