// Limits of schedules and of operators.
#include <gtest/gtest.h>

#include "tests/decide/farm.hpp"

namespace hydra_provisioner::decide {
namespace {

using namespace std::chrono_literals;

const ScheduledLimits by_day{.period = "mon-fri 8-17 UTC", .min_machines = 2, .max_machines = 4, .until = noon + 6h};

TEST(LimitsInForce, ASchedulesHoldInsteadOfTheConfigurations) {
  const Plan p = farm("x86_64-linux").scheduled("x86_64-linux", by_day).decided();
  EXPECT_EQ(actions_of(p), "create 100, create 101");
  EXPECT_EQ(pool_plan(p, "x86_64-linux").explanation,
            "0 runnable, 0 ignored, 1 per machine → 0 wanted, 2 allowed (min 2); 2 to 4 machines: schedule mon-fri "
            "8-17 UTC");
  EXPECT_EQ(p.reconsider_at, noon + 6h);
}

TEST(LimitsInForce, AScheduleThatDoesNotMatchChangesNothingYet) {
  const Plan p =
      farm("x86_64-linux")
          .scheduled("x86_64-linux", {.period = "", .min_machines = {}, .max_machines = {}, .until = noon + 1h})
          .decided();
  EXPECT_EQ(actions_of(p), "");
  EXPECT_EQ(p.reconsider_at, noon + 1h);
}

TEST(LimitsInForce, AScheduleMayLeaveOneAsItIs) {
  const Plan p =
      farm("x86_64-linux", {.min_machines = 1})
          .scheduled("x86_64-linux", {.period = "* * UTC", .min_machines = {}, .max_machines = 0, .until = {}})
          .decided();
  EXPECT_EQ(actions_of(p), "") << "the maximum wins";
}

TEST(LimitsInForce, AnOperatorsHoldInsteadOfASchedules) {
  const Plan p = farm("x86_64-linux")
                     .scheduled("x86_64-linux", by_day)
                     .ordered_until(noon + 1h, OrderKind::min_machines, "x86_64-linux", 1)
                     .decided();
  EXPECT_EQ(actions_of(p), "create 100");
  EXPECT_EQ(p.reconsider_at, noon + 1h);
}

TEST(LimitsInForce, ALowerMaximumShrinksThePool) {
  const Plan p = farm("x86_64-linux", {.max_machines = 3})
                     .has(ready(1), ready(2).busy(1), ready(3).busy(2))
                     .runnable("x86_64-linux", 9)
                     .ordered(OrderKind::max_machines, "x86_64-linux", 1)
                     .decided();
  EXPECT_EQ(actions_of(p), "drain 1, drain 2, keep 3");
}

TEST(LimitsInForce, AnOrderThatIsOverHoldsNoMore) {
  const Plan p = farm("x86_64-linux").ordered_until(noon, OrderKind::min_machines, "x86_64-linux", 3).decided();
  EXPECT_EQ(actions_of(p), "");
}

}  // namespace
}  // namespace hydra_provisioner::decide
