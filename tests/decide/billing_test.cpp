#include <gtest/gtest.h>

#include "tests/decide/farm.hpp"

namespace hydra_provisioner::decide {
namespace {

using namespace std::chrono_literals;

Plan by_the_hour(const MachineSeen& machine, Settings settings = {}) {
  settings.billing_period = 1h;
  return farm("x86_64-linux", settings).has(machine).decided();
}

TEST(HourRule, SaysThatTheClockOfTheCloudIsAhead) {
  const auto notes = [](Seconds ahead) {
    const Plan p = farm("x86_64-linux", {.billing_period = 3600s}).has(ready(1).launched_for(-ahead)).decided();
    return pool_plan(p, "x86_64-linux").notes;
  };
  EXPECT_TRUE(notes(60s).empty());
  ASSERT_EQ(notes(1800s).size(), 1U);
  EXPECT_TRUE(notes(1800s)[0].contains("hydra-provisioned-1 begins in 1800 s: its clock is ahead")) << notes(1800s)[0];
}

TEST(HourRule, ASurplusMachineStaysListedWhileAtLeastHalfAnHourIsPaid) {
  EXPECT_EQ(reason_of<ActionKind::keep>(by_the_hour(ready(1).launched_for(30min)), 1),
            "surplus; paid for another 1800 s ≥ 1800 s");
  EXPECT_EQ(reason_of<ActionKind::drain>(by_the_hour(ready(1).launched_for(1801s)), 1),
            "surplus, 1799 s paid, idle 3600 s ≥ grace 0 s");
}

TEST(HourRule, BusyOrIdle) {
  EXPECT_EQ(reason_of<ActionKind::keep>(by_the_hour(ready(1).busy(2).launched_for(20min)), 1),
            "surplus; paid for another 2400 s ≥ 1800 s");
  EXPECT_EQ(reason_of<ActionKind::drain>(by_the_hour(ready(1).busy(2).launched_for(40min)), 1),
            "surplus, 1200 s paid, busy: 2 jobs, grace 0 s");
}

TEST(HourRule, ItStandsAboveTheGracePeriod) {
  const Plan p = by_the_hour(ready(1).idle_for(2h).launched_for(20min), {.grace_period = 60s});
  EXPECT_EQ(reason_of<ActionKind::keep>(p, 1), "surplus; paid for another 2400 s ≥ 1800 s");
}

TEST(HourRule, BelowHalfAnHourTheGracePeriodCountsAsElse) {
  const Plan idle = by_the_hour(ready(1).idle_for(10s).launched_for(40min), {.grace_period = 60s});
  EXPECT_EQ(reason_of<ActionKind::keep>(idle, 1), "surplus, 1200 s paid, idle 10 s < grace 60 s");
  const Plan busy = by_the_hour(ready(1).busy(1).launched_for(40min), {.grace_period = 60s});
  EXPECT_EQ(reason_of<ActionKind::keep>(busy, 1), "surplus, 1200 s paid, busy: 1 job");
}

TEST(HourRule, AMachineThatEntersANewPeriodWhileDrainingIsListedAgain) {
  const Plan p = by_the_hour(draining(1).busy(1).launched_for(61min));
  EXPECT_EQ(reason_of<ActionKind::undrain>(p, 1), "paid for another 3540 s ≥ 1800 s");
}

TEST(HourRule, ItIsDestroyedOnlyWhenLessThanTenMinutesAreLeft) {
  EXPECT_EQ(reason_of<ActionKind::keep>(by_the_hour(draining(1).launched_for(50min)), 1),
            "draining; paid for another 600 s ≥ 600 s");
  EXPECT_EQ(reason_of<ActionKind::destroy>(by_the_hour(draining(1).launched_for(3001s)), 1),
            "surplus; idle 3600 s ≥ quiet 120 s, unlisted 600 s ≥ settle 35 s");
}

TEST(HourRule, ItIsStoppedOnlyWhenLessThanTenMinutesAreLeft) {
  EXPECT_EQ(actions_of(by_the_hour(draining(1).launched_for(50min), {.stop_on_idle = true})), "keep 1");
  EXPECT_EQ(actions_of(by_the_hour(draining(1).launched_for(3001s), {.stop_on_idle = true})), "stop 1");
}

TEST(HourRule, PeriodsAreCountedFromTheInstancesStart) {
  EXPECT_EQ(actions_of(by_the_hour(ready(1).launched_for(5h + 20min))), "keep 1");
  EXPECT_EQ(actions_of(by_the_hour(ready(1).launched_for(5h + 40min))), "drain 1");
}

TEST(HourRule, WhereTheStartIsUnknownPeriodsAreCountedFromTheRequest) {
  EXPECT_EQ(actions_of(by_the_hour(ready(1).requested_for(20min))), "keep 1");
  EXPECT_EQ(actions_of(by_the_hour(ready(1).requested_for(40min))), "drain 1");
}

TEST(HourRule, AStartAheadOfOurClockIsTheBeginningOfAPeriod) {
  EXPECT_EQ(reason_of<ActionKind::keep>(by_the_hour(ready(1).launched_for(-20s)), 1),
            "surplus; paid for another 3600 s ≥ 1800 s");
}

TEST(HourRule, ABillingPeriodOfAMinuteHoldsNothingBack) {
  const Settings by_the_minute{.billing_period = 60s};
  EXPECT_EQ(actions_of(farm("x86_64-linux", by_the_minute).has(ready(1).launched_for(60s)).decided()), "drain 1");
  EXPECT_EQ(actions_of(farm("x86_64-linux", by_the_minute).has(draining(1).launched_for(60s)).decided()), "destroy 1");
}

TEST(HourRule, WhatHasFailedDoesNotWaitForTheEndOfItsPeriod) {
  EXPECT_EQ(actions_of(by_the_hour(failed(1).launched_for(5min))), "destroy 1");
}

// That may be the network's fault, and then it is that of all machines. Machines that connect by themselves: see the
// tests of black holes.
TEST(HourRule, ADrainedMachineThatTheQueueRunnerFailsOnStaysForItsPaidTimeButIsNotPutBack) {
  EXPECT_EQ(actions_of(by_the_hour(draining(1).failing(3).launched_for(20min))), "undrain 1");
  EXPECT_EQ(actions_of(by_the_hour(draining(1).failing(4).launched_for(20min))), "keep 1");
  EXPECT_EQ(actions_of(by_the_hour(draining(1).failing(4).launched_for(51min))), "destroy 1");
}

TEST(HourRule, AStoppedMachineCostsNothingAndLeavesAtAnyTime) {
  EXPECT_EQ(actions_of(by_the_hour(stopped(1).launched_for(5min), {.max_machines = 0})), "destroy 1");
}

TEST(HourRule, AMachineThatIsNeededIsNoSurplus) {
  const Plan p = farm("x86_64-linux", {.billing_period = 1h})
                     .has(ready(1).launched_for(20min))
                     .runnable("x86_64-linux", 1)
                     .decided();
  EXPECT_EQ(reason_of<ActionKind::keep>(p, 1), "needed; idle 3600 s");
}

}  // namespace
}  // namespace hydra_provisioner::decide
