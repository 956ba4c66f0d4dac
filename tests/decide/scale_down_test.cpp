#include <gtest/gtest.h>

#include "tests/decide/farm.hpp"

namespace hydra_provisioner::decide {
namespace {

using namespace std::chrono_literals;

TEST(WhatLeaves, TheSurplusBeyondTheTargetIdleLongestFirst) {
  const Plan p = farm("x86_64-linux")
                     .has(ready(1).idle_for(300s), ready(2).idle_for(900s), ready(3).idle_for(600s))
                     .runnable("x86_64-linux", 1)
                     .decided();
  EXPECT_EQ(actions_of(p), "keep 1, drain 2, drain 3");
}

TEST(WhatLeaves, ThenTheOneWithTheFewestJobs) {
  const Plan p = farm("x86_64-linux")
                     .has(ready(1).busy(3), ready(2).busy(1), ready(3).busy(2), ready(4).idle_for(5s))
                     .runnable("x86_64-linux", 2)
                     .decided();
  EXPECT_EQ(actions_of(p), "keep 1, drain 2, keep 3, drain 4");
}

TEST(WhatLeaves, IdleTimeCountsFromTheStatusIdleSince) {
  const Plan p = farm("x86_64-linux", {.grace_period = 600s}).has(ready(1).idle_for(912s)).decided();
  EXPECT_EQ(reason_of<ActionKind::drain>(p, 1), "surplus, idle 912 s ≥ grace 600 s");
}

TEST(WhatLeaves, WhereIdleSinceIs0IdleTimeCountsFromTheQueueRunnersStartAndHalfAnHour) {
  const Farm f = farm("x86_64-linux", {.grace_period = 600s}).has(ready(1).never_used());
  EXPECT_EQ(reason_of<ActionKind::keep>(Farm(f).started(noon - 2399s).decided(), 1),
            "surplus, idle 599 s < grace 600 s");
  EXPECT_EQ(reason_of<ActionKind::drain>(Farm(f).started(noon - 2400s).decided(), 1),
            "surplus, idle 600 s ≥ grace 600 s");
}

TEST(WhatLeaves, WhereIdleSinceIsMissingIdleTimeCountsFromTheQueueRunnersStartAndHalfAnHour) {
  const Farm f = farm("x86_64-linux", {.grace_period = 600s}).has(ready(1).absent()).started(noon - 2399s);
  EXPECT_EQ(reason_of<ActionKind::keep>(f.decided(), 1), "surplus, idle 599 s < grace 600 s");
}

TEST(WhatLeaves, AMachineThatNeverGotAStepIsIdleSinceItWasReady) {
  const Farm f =
      farm("x86_64-linux", {.grace_period = 20s}).has(ready(1).never_used().ready_for(60s)).started(noon - 120s);
  EXPECT_EQ(reason_of<ActionKind::drain>(f.decided(), 1), "surplus, idle 60 s ≥ grace 20 s");
}

TEST(WhatLeaves, AMachineFromBeforeTheQueueRunnersRestartMayHaveHadAStep) {
  const Farm f =
      farm("x86_64-linux", {.grace_period = 20s}).has(ready(1).never_used().ready_for(1h)).started(noon - 720s);
  EXPECT_EQ(reason_of<ActionKind::keep>(f.decided(), 1),
            "surplus; the queue runner restarted 720 s ago, and may not know its last step");
  EXPECT_EQ(until_of(f.decided(), 1), noon - 720s + 1800s + 20s);
}

TEST(WhatLeaves, NothingIsIdleForLongWhileTheQueueRunnersStartIsUnknown) {
  const Plan p = farm("x86_64-linux", {.grace_period = 1s}).has(ready(1).never_used()).started_unknown().decided();
  EXPECT_EQ(reason_of<ActionKind::keep>(p, 1), "surplus, idle 0 s < grace 1 s");
}

TEST(WhatLeaves, IdleTimeCountsFromTheMomentTheMachineBecameReadyOrWasStarted) {
  const Plan p = farm("x86_64-linux", {.grace_period = 600s}).has(ready(1).idle_for(1h).ready_for(20s)).decided();
  EXPECT_EQ(reason_of<ActionKind::keep>(p, 1), "surplus, idle 20 s < grace 600 s");
}

TEST(WhatLeaves, IdleTimeCountsFromTheMomentItWasLastPutBackIntoTheFile) {
  const Plan p = farm("x86_64-linux", {.grace_period = 600s}).has(ready(1).idle_for(1h).listed_for(30s)).decided();
  EXPECT_EQ(reason_of<ActionKind::keep>(p, 1), "surplus, idle 30 s < grace 600 s");
}

TEST(WhatLeaves, IdleTimeIsOursAfterTheQueueRunnersClockWasSetBack) {
  const Plan p = farm("x86_64-linux", {.grace_period = 600s})
                     .has(ready(1).idle_for(-3h).ready_for(700s).listed_for(660s))
                     .decided();
  EXPECT_EQ(reason_of<ActionKind::drain>(p, 1), "surplus, idle 660 s ≥ grace 600 s");
}

TEST(WhatLeaves, IdleTimeIsTheQueueRunnersIdleTimeThoughItsClockIsAhead) {
  const Plan p = farm("x86_64-linux", {.grace_period = 600s}).has(ready(1).idle_for(550s)).clock_ahead(100s).decided();
  EXPECT_EQ(reason_of<ActionKind::drain>(p, 1), "surplus, idle 650 s ≥ grace 600 s");
}

TEST(WhatLeaves, IdleTimeIsTheQueueRunnersIdleTimeThoughItsClockIsBehind) {
  const Plan p = farm("x86_64-linux", {.grace_period = 600s}).has(ready(1).idle_for(650s)).clock_ahead(-100s).decided();
  EXPECT_EQ(reason_of<ActionKind::keep>(p, 1), "surplus, idle 550 s < grace 600 s");
}

TEST(WhatLeaves, ABusySurplusMachineDrainsAtOnceIfTheGracePeriodIs0) {
  const Plan p = farm("x86_64-linux").has(ready(1).busy(2)).decided();
  EXPECT_EQ(reason_of<ActionKind::drain>(p, 1), "surplus, busy: 2 jobs, grace 0 s");
}

TEST(WhatLeaves, ABusySurplusMachineStaysListedWithAGracePeriod) {
  const Plan p = farm("x86_64-linux", {.grace_period = 1s}).has(ready(1).busy(2)).decided();
  EXPECT_EQ(reason_of<ActionKind::keep>(p, 1), "surplus, busy: 2 jobs");
}

TEST(WhatLeaves, AnIdleOneDrainsAtOnceIfTheGracePeriodIs0) {
  const Plan p = farm("x86_64-linux").has(ready(1).idle_for(0s)).decided();
  EXPECT_EQ(reason_of<ActionKind::drain>(p, 1), "surplus, idle 0 s ≥ grace 0 s");
}

TEST(WhatLeaves, AnIdleOneStaysListedUntilItHasBeenIdleForTheGracePeriodThenDrains) {
  const Settings patient{.grace_period = 600s};
  EXPECT_EQ(reason_of<ActionKind::keep>(farm("x86_64-linux", patient).has(ready(1).idle_for(599s)).decided(), 1),
            "surplus, idle 599 s < grace 600 s");
  EXPECT_EQ(reason_of<ActionKind::drain>(farm("x86_64-linux", patient).has(ready(1).idle_for(600s)).decided(), 1),
            "surplus, idle 600 s ≥ grace 600 s");
}

TEST(WhatLeaves, ADrainedMachineIsDestroyedWithoutStopOnIdle) {
  const Plan p = farm("x86_64-linux").has(draining(1)).decided();
  EXPECT_EQ(reason_of<ActionKind::destroy>(p, 1), "surplus; idle 3600 s ≥ quiet 120 s, unlisted 600 s ≥ settle 35 s");
}

TEST(WhatLeaves, ADrainedMachineIsStoppedWithStopOnIdle) {
  const Plan p = farm("x86_64-linux", {.stop_on_idle = true}).has(draining(1)).decided();
  EXPECT_EQ(reason_of<ActionKind::stop>(p, 1), "surplus; idle 3600 s ≥ quiet 120 s, unlisted 600 s ≥ settle 35 s");
}

TEST(WhatLeaves, AStoppedMachineIsKeptForLater) {
  const Plan p = farm("x86_64-linux", {.stop_on_idle = true}).has(stopped(1)).decided();
  EXPECT_EQ(reason_of<ActionKind::keep>(p, 1), "stopped; kept for later");
}

TEST(WhatLeaves, AStoppedMachineIsDestroyedOnceItsPoolDoesNotStopAnyMore) {
  const Plan p = farm("x86_64-linux").has(stopped(1), stopped(2)).runnable("x86_64-linux", 1).decided();
  EXPECT_EQ(actions_of(p), "start 1, destroy 2");
}

TEST(WhatLeaves, AFailedMachineIsDestroyedAlsoWithStopOnIdle) {
  const Plan p =
      farm("x86_64-linux", {.stop_on_idle = true}).has(failed(1).never_listed().failed_with("no disk")).decided();
  EXPECT_EQ(reason_of<ActionKind::destroy>(p, 1), "failed: no disk; never listed");
}

TEST(WhatLeaves, AVanishedMachineIsDestroyedAlsoWithStopOnIdleAndWhateverItsState) {
  const Plan p = farm("x86_64-linux", {.stop_on_idle = true})
                     .has(coming(1).vanished(), ready(2).vanished().busy(1), draining(3).vanished(),
                          stopped(4).vanished(), failed(5).vanished())
                     .runnable("x86_64-linux", 0)
                     .decided();
  EXPECT_EQ(actions_of(p), "destroy 1, destroy 2, destroy 3, destroy 4, destroy 5");
  EXPECT_EQ(reason_of<ActionKind::destroy>(p, 2), "vanished; its provider says that it no longer exists");
}

TEST(WhatLeaves, ATargetThatRefusesToStopIsReportedAndDestroyed) {
  const Plan p = farm("x86_64-linux", {.stop_on_idle = true}).has(draining(1).refuses_to_stop()).decided();
  EXPECT_EQ(reason_of<ActionKind::destroy>(p, 1),
            "surplus, and its provider refuses to stop it; idle 3600 s ≥ quiet 120 s, unlisted 600 s ≥ settle 35 s");
}

TEST(WhatLeaves, WhatExceedsMaxMachinesIsDestroyedStoppedOnesFirst) {
  const Plan p = farm("x86_64-linux", {.max_machines = 2, .stop_on_idle = true})
                     .has(ready(1), draining(2), stopped(3))
                     .runnable("x86_64-linux", 1)
                     .decided();
  EXPECT_EQ(actions_of(p), "keep 1, stop 2, destroy 3");
  EXPECT_EQ(reason_of<ActionKind::destroy>(p, 3),
            "stopped; exceeds max 2; idle 3600 s ≥ quiet 120 s, unlisted 600 s ≥ settle 35 s");
}

TEST(WhatLeaves, WhatExceedsMaxMachinesIsDestroyedAlsoWithStopOnIdle) {
  const Plan p = farm("x86_64-linux", {.max_machines = 1, .stop_on_idle = true})
                     .has(ready(1), draining(2), stopped(3))
                     .runnable("x86_64-linux", 1)
                     .decided();
  EXPECT_EQ(actions_of(p), "keep 1, destroy 2, destroy 3");
  EXPECT_EQ(reason_of<ActionKind::destroy>(p, 2),
            "exceeds max 1; idle 3600 s ≥ quiet 120 s, unlisted 600 s ≥ settle 35 s");
}

TEST(WhatLeaves, OfTheDrainingOnesThatExceedMaxMachinesTheIdleLongestGoesFirst) {
  const Plan p = farm("x86_64-linux", {.max_machines = 1, .stop_on_idle = true})
                     .has(draining(1).busy(2), draining(2).idle_for(1h))
                     .decided();
  EXPECT_EQ(actions_of(p), "keep 1, destroy 2");
}

TEST(WhatLeaves, AMachineThatIsDestroyedAnywayMakesRoomUnderALoweredMaximum) {
  const Plan p = farm("x86_64-linux", {.max_machines = 1, .stop_on_idle = true}).has(failed(1), stopped(2)).decided();
  EXPECT_EQ(actions_of(p), "destroy 1, keep 2");
}

TEST(WhatLeaves, ACreationThatIsGivenUpMakesRoomUnderALoweredMaximum) {
  const Plan p = farm("x86_64-linux", {.max_machines = 1, .stop_on_idle = true})
                     .has(coming(1).interrupted(), stopped(2))
                     .decided();
  EXPECT_EQ(actions_of(p), "destroy 1, keep 2");
}

TEST(WhatLeaves, ReadyMachinesThatExceedMaxMachinesDrainFirst) {
  const Plan p =
      farm("x86_64-linux", {.max_machines = 1}).has(ready(1), ready(2)).runnable("x86_64-linux", 9).decided();
  EXPECT_EQ(actions_of(p), "keep 1, drain 2");
}

TEST(WhatLeaves, AnInterruptedDestructionIsDoneAgain) {
  const Plan p = farm("x86_64-linux").has(destroying(1)).runnable("x86_64-linux", 1).decided();
  EXPECT_EQ(reason_of<ActionKind::destroy>(p, 1),
            "its destruction was interrupted; idle 3600 s ≥ quiet 120 s, unlisted 600 s ≥ settle 35 s");
}

TEST(WhatLeaves, AnInterruptedStopIsDoneAgainAndNotPutBackIntoTheFile) {
  const Plan p = farm("x86_64-linux", {.stop_on_idle = true}).has(stopping(1)).runnable("x86_64-linux", 1).decided();
  EXPECT_EQ(reason_of<ActionKind::stop>(p, 1),
            "its stop was interrupted; idle 3600 s ≥ quiet 120 s, unlisted 600 s ≥ settle 35 s");
}

TEST(WhatLeaves, AMachineThatIsStillBusyWaitsForALaterPass) {
  const Plan p = farm("x86_64-linux").has(draining(1).busy(2)).decided();
  EXPECT_EQ(reason_of<ActionKind::keep>(p, 1), "surplus; waits: still busy: 2 jobs");
}

}  // namespace
}  // namespace hydra_provisioner::decide
