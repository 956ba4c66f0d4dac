#include <gtest/gtest.h>

#include "tests/decide/farm.hpp"

namespace hydra_provisioner::decide {
namespace {

using namespace std::chrono_literals;

TEST(Retired, APoolThatIsNoLongerConfiguredHasTarget0) {
  const Plan p =
      farm().retired_pool("x86_64-linux", {.min_machines = 2}).has(ready(1)).runnable("x86_64-linux", 9).decided();
  EXPECT_EQ(pool_plan(p, "x86_64-linux").target, 0);
  EXPECT_EQ(pool_plan(p, "x86_64-linux").explanation, "not configured any more (provider local) → 0 wanted, 0 allowed");
}

TEST(Retired, ItHasGrace0) {
  const Plan p = farm().retired_pool("x86_64-linux", {.grace_period = 1h}).has(ready(1).busy(2)).decided();
  EXPECT_EQ(reason_of<ActionKind::drain>(p, 1), "surplus, busy: 2 jobs, grace 0 s");
}

TEST(Retired, ItKeepsItsBillingPeriodAsLastRecorded) {
  const Plan p =
      farm().retired_pool("x86_64-linux", {.billing_period = 1h}).has(ready(1).launched_for(20min)).decided();
  EXPECT_EQ(reason_of<ActionKind::keep>(p, 1), "surplus; paid for another 2400 s ≥ 1800 s");
}

TEST(Retired, ItsMachinesAreDestroyedNotStopped) {
  const Plan p = farm().retired_pool("x86_64-linux", {.stop_on_idle = true}).has(draining(1), stopped(2)).decided();
  EXPECT_EQ(actions_of(p), "destroy 1, destroy 2");
  EXPECT_EQ(reason_of<ActionKind::destroy>(p, 1),
            "its pool is not configured any more; idle 3600 s ≥ quiet 120 s, unlisted 600 s ≥ settle 35 s");
}

TEST(Retired, ItsStepsGoElsewhere) {
  const Plan p = farm().retired_pool("x86_64-linux").has(ready(1)).runnable("x86_64-linux", 9).decided();
  ASSERT_EQ(p.unplaceable.size(), 1u);
}

TEST(Retired, ItsBackOffConcernsNoOtherPool) {
  const Plan p = farm().retired_pool("x86_64-linux").has(ready(1)).failed_passes("x86_64-linux", 3, noon).decided();
  EXPECT_TRUE(pool_plan(p, "x86_64-linux").notes.empty());
}

TEST(Retired, AProviderThatIsNoLongerConfiguredIsAPoolOfItsOwn) {
  const Plan p = farm()
                     .retired_pool("x86_64-linux", {.provider = ProviderKind::nixops})
                     .has(ready(1))
                     .pool("x86_64-linux", {.provider = ProviderKind::local})
                     .has(ready(2))
                     .runnable("x86_64-linux", 2)
                     .decided();
  EXPECT_EQ(actions_of(p), "create 100, keep 2, drain 1");
  ASSERT_EQ(p.pools.size(), 2u);
  EXPECT_EQ(p.pools[0].machines, 1);
  EXPECT_EQ(p.pools[1].machines, 1);
}

TEST(Retired, AMachineThatIsStillComingIsAwaitedThenDrained) {
  const Plan p = farm().retired_pool("x86_64-linux").has(coming(1)).decided();
  EXPECT_EQ(reason_of<ActionKind::keep>(p, 1), "coming for 60 s; not needed any more");
}

}  // namespace
}  // namespace hydra_provisioner::decide
