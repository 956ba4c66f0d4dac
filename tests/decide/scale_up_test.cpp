#include <gtest/gtest.h>

#include "tests/decide/farm.hpp"

namespace hydra_provisioner::decide {
namespace {

using namespace std::chrono_literals;

TEST(Which, UpToTheTargetReadyMachinesComeFirst) {
  const Plan p =
      farm("x86_64-linux").has(stopped(1), draining(2), coming(3), ready(4)).runnable("x86_64-linux", 1).decided();
  EXPECT_EQ(reason_of<ActionKind::keep>(p, 4), "needed; idle 3600 s");
  EXPECT_EQ(reason_of<ActionKind::keep>(p, 3), "coming for 60 s; not needed any more");
  EXPECT_EQ(reason_of<ActionKind::destroy>(p, 2), "surplus; idle 3600 s ≥ quiet 120 s, unlisted 600 s ≥ settle 35 s");
  EXPECT_EQ(
      reason_of<ActionKind::destroy>(p, 1),
      "stopped; its pool does not keep stopped machines; idle 3600 s ≥ quiet 120 s, unlisted 600 s ≥ settle 35 s");
}

TEST(Which, ThenMachinesBeingCreated) {
  const Plan p =
      farm("x86_64-linux").has(stopped(1), draining(2), coming(3), ready(4)).runnable("x86_64-linux", 2).decided();
  EXPECT_EQ(actions_of(p), "destroy 1, destroy 2, keep 3, keep 4");
  EXPECT_EQ(reason_of<ActionKind::keep>(p, 3), "coming for 60 s");
}

TEST(Which, ThenDrainingOnesThatArePutBackIntoTheFile) {
  const Plan p =
      farm("x86_64-linux").has(stopped(1), draining(2), coming(3), ready(4)).runnable("x86_64-linux", 3).decided();
  EXPECT_EQ(actions_of(p), "destroy 1, undrain 2, keep 3, keep 4");
  EXPECT_EQ(reason_of<ActionKind::undrain>(p, 2), "needed again");
}

TEST(Which, ThenStoppedOnesThatAreStarted) {
  const Plan p =
      farm("x86_64-linux").has(stopped(1), draining(2), coming(3), ready(4)).runnable("x86_64-linux", 4).decided();
  EXPECT_EQ(actions_of(p), "start 1, undrain 2, keep 3, keep 4");
  EXPECT_EQ(reason_of<ActionKind::start>(p, 1), "stopped; warm store");
}

TEST(Which, ThenNewOnes) {
  const Plan p =
      farm("x86_64-linux").has(stopped(1), draining(2), coming(3), ready(4)).runnable("x86_64-linux", 6).decided();
  EXPECT_EQ(actions_of(p), "create 100, create 101, start 1, undrain 2, keep 3, keep 4");
  EXPECT_EQ(reason_of<ActionKind::create>(p, 100), "1 of 2 new machines");
  EXPECT_EQ(reason_of<ActionKind::create>(p, 101), "2 of 2 new machines");
}

TEST(Which, NewMachinesAreNamedByTheTagAndNumberedAcrossPools) {
  const Plan p = farm()
                     .pool("aarch64-linux")
                     .pool("x86_64-linux")
                     .runnable("aarch64-linux", 1)
                     .runnable("x86_64-linux", 1)
                     .decided();
  ASSERT_EQ(p.actions.size(), 2u);
  EXPECT_EQ(p.actions[0].machine, MachineId("hydra-provisioned-100"));
  EXPECT_EQ(p.actions[1].machine, MachineId("hydra-provisioned-101"));
  EXPECT_EQ(p.actions[1].pool, PoolName("x86_64-linux"));
}

TEST(Which, ABusyMachineIsNeededBeforeAnIdleOne) {
  const Plan p = farm("x86_64-linux").has(ready(1), ready(2).busy(2)).runnable("x86_64-linux", 1).decided();
  EXPECT_EQ(reason_of<ActionKind::keep>(p, 2), "busy: 2 jobs");
  EXPECT_EQ(actions_of(p), "drain 1, keep 2");
}

TEST(Which, OneJobIsWrittenInTheSingular) {
  const Plan p = farm("x86_64-linux").has(ready(1).busy(1)).runnable("x86_64-linux", 1).decided();
  EXPECT_EQ(reason_of<ActionKind::keep>(p, 1), "busy: 1 job");
}

TEST(Which, EverythingThatIsComingCounts) {
  const Plan p =
      farm("x86_64-linux").has(coming(1), coming(2).under_way(Operation::create)).runnable("x86_64-linux", 2).decided();
  EXPECT_EQ(actions_of(p), "keep 1, keep 2");
}

TEST(Which, AMachineThatIsStartedCountsAsComing) {
  const Plan p = farm("x86_64-linux")
                     .has(draining(2), MachineSeen(1, MachineState::creating).under_way(Operation::start))
                     .runnable("x86_64-linux", 1)
                     .decided();
  EXPECT_EQ(actions_of(p), "keep 1, destroy 2");
  EXPECT_EQ(reason_of<ActionKind::keep>(p, 1), "start under way for 60 s");
}

TEST(Which, NothingThatIsLeavingOrFailedCounts) {
  const Plan p = farm("x86_64-linux")
                     .has(failed(1), destroying(2), stopping(3), ready(4).vanished(),
                          draining(5).under_way(Operation::stop), draining(6).under_way(Operation::destroy))
                     .runnable("x86_64-linux", 1)
                     .decided();
  EXPECT_EQ(actions_of(p), "create 100, destroy 1, destroy 2, stop 3, destroy 4, keep 5, keep 6");
}

TEST(Which, NoMoreThanMaxMachinesExistWhateverTheirState) {
  const Plan p = farm("x86_64-linux", {.max_machines = 4, .stop_on_idle = true})
                     .has(failed(1), stopped(2).under_way(Operation::destroy), coming(3))
                     .runnable("x86_64-linux", 4)
                     .decided();
  EXPECT_EQ(actions_of(p), "create 100, destroy 1, keep 2, keep 3");
}

TEST(Which, WhatCannotBeCreatedBecauseOfTheMaximumIsNoted) {
  const Plan p =
      farm("x86_64-linux", {.max_machines = 2}).has(failed(1), ready(2)).runnable("x86_64-linux", 5).decided();
  EXPECT_EQ(pool_plan(p, "x86_64-linux").notes,
            std::vector<std::string>{"1 more wait until one of the 2 existing machines is gone (max 2)"});
}

TEST(Which, AnInterruptedCreationThatIsNeededIsCarriedOn) {
  const Plan p = farm("x86_64-linux").has(coming(1).interrupted()).runnable("x86_64-linux", 1).decided();
  EXPECT_EQ(reason_of<ActionKind::create>(p, 1), "its creation was interrupted; carried on");
}

// The maximum was lowered meanwhile, and 2 has not gone yet.
TEST(Which, AnInterruptedCreationIsNotCarriedOnBeyondTheMaximum) {
  const Plan p = farm("x86_64-linux", {.max_machines = 2})
                     .has(coming(1), destroying(2), coming(3).interrupted())
                     .runnable("x86_64-linux", 20)
                     .decided();
  EXPECT_EQ(actions_of(p), "keep 1, destroy 2, destroy 3");
}

TEST(Which, AnInterruptedStartThatIsNeededIsCarriedOnAsAStart) {
  const Plan p = farm("x86_64-linux").has(coming(1).interrupted().ready_for(1h)).runnable("x86_64-linux", 1).decided();
  EXPECT_EQ(reason_of<ActionKind::start>(p, 1), "its start was interrupted; carried on");
}

TEST(Which, AnInterruptedCreationThatIsNotNeededIsDestroyed) {
  const Plan p = farm("x86_64-linux").has(coming(1).interrupted()).decided();
  EXPECT_EQ(reason_of<ActionKind::destroy>(p, 1),
            "its creation was interrupted, and it is not needed any more; never listed");
}

TEST(Which, ACreationThatIsNotNeededAnyMoreIsNotInterrupted) {
  const Plan p = farm("x86_64-linux").has(coming(1)).decided();
  EXPECT_EQ(reason_of<ActionKind::keep>(p, 1), "coming for 60 s; not needed any more");
}

TEST(Which, TheBusiestDrainingMachineIsPutBackFirst) {
  const Plan p = farm("x86_64-linux")
                     .has(draining(1), draining(2).busy(1), draining(3).busy(2))
                     .runnable("x86_64-linux", 1)
                     .decided();
  EXPECT_EQ(actions_of(p), "destroy 1, keep 2, undrain 3");
}

TEST(Which, NothingIsStartedForAMachineThatAJobIsAt) {
  for (const Operation operation : {Operation::create, Operation::start, Operation::stop, Operation::destroy}) {
    const Plan p = farm("x86_64-linux")
                       .has(coming(1).requested_for(24h).under_way(operation), failed(2).under_way(operation),
                            ready(3).vanished().under_way(operation), stopped(4).under_way(operation),
                            draining(5).under_way(operation), destroying(6).under_way(operation))
                       .decided();
    EXPECT_EQ(actions_of(p), "keep 1, keep 2, keep 3, keep 4, keep 5, keep 6");
  }
}

TEST(Which, AJobThatIsUnderWaySaysForHowLong) {
  const Plan p = farm("x86_64-linux").has(coming(1).under_way(Operation::create)).decided();
  EXPECT_EQ(reason_of<ActionKind::keep>(p, 1), "create under way for 60 s");
}

}  // namespace
}  // namespace hydra_provisioner::decide
