#include <gtest/gtest.h>

#include "tests/decide/farm.hpp"

namespace hydra_provisioner::decide {
namespace {

using namespace std::chrono_literals;

MachineSeen old(std::int64_t number) { return ready(number).launched_for(25h); }
MachineSeen young(std::int64_t number) { return ready(number).launched_for(1h); }

Farm daily(Settings settings) {
  settings.max_age = 24h;
  return farm("x86_64-linux", settings);
}

TEST(Replacement, AnOldMachineGetsItsReplacementFirst) {
  const Plan p = daily({}).has(old(1)).runnable("x86_64-linux", 1).decided();
  EXPECT_EQ(actions_of(p), "create 100, keep 1");
}

TEST(Replacement, WaitsForTheReplacement) {
  const Plan p = daily({}).has(old(1), coming(2)).runnable("x86_64-linux", 1).decided();
  EXPECT_EQ(actions_of(p), "keep 1, keep 2");
}

TEST(Replacement, ThenTheOldOneDrainsThoughItIsBusy) {
  const Plan p = daily({.grace_period = 600s}).has(old(1).busy(3), young(2)).runnable("x86_64-linux", 1).decided();
  EXPECT_EQ(actions_of(p), "drain 1, keep 2");
  EXPECT_EQ(reason_of<ActionKind::drain>(p, 1), "older than maxAge 86400 s: 90000 s");
}

TEST(Replacement, AndIsDestroyedEvenIfTheRestIsStopped) {
  const Plan p =
      daily({.stop_on_idle = true}).has(draining(1).launched_for(25h), young(2)).runnable("x86_64-linux", 1).decided();
  EXPECT_EQ(actions_of(p), "destroy 1, keep 2");
}

TEST(Replacement, ReplacesSoManyAtATime) {
  const Plan p = daily({.max_unavailable = 2}).has(old(1), old(2), old(3)).runnable("x86_64-linux", 3).decided();
  EXPECT_EQ(actions_of(p), "create 100, create 101, keep 1, keep 2, keep 3");
}

TEST(Replacement, WhereTheMaximumLeavesNoRoomTheOldOneGoesFirst) {
  const Plan p = daily({.max_machines = 2}).has(old(1), old(2).busy(1)).runnable("x86_64-linux", 5).decided();
  EXPECT_EQ(actions_of(p), "drain 1, keep 2");
  EXPECT_TRUE(action_on(p, 1).in_turn);
}

TEST(Replacement, AndTheNextWhenThatIsReplaced) {
  const auto full = [] { return daily({.max_machines = 2}); };
  const MachineSeen first = draining(1).launched_for(25h).busy(1).leaves_in_turn();
  const Plan gone = full().has(first, old(2)).runnable("x86_64-linux", 5).decided();
  EXPECT_EQ(actions_of(gone), "keep 1, keep 2");
  const Plan coming_next = full().has(old(2), coming(3)).runnable("x86_64-linux", 5).decided();
  EXPECT_EQ(actions_of(coming_next), "keep 2, keep 3");
  const Plan there = full().has(old(2), young(3)).runnable("x86_64-linux", 5).decided();
  EXPECT_EQ(actions_of(there), "drain 2, keep 3");
}

TEST(Replacement, ADrainedOldMachineIsNotPutBack) {
  const Plan p = daily({}).has(draining(1).launched_for(25h)).runnable("x86_64-linux", 1).decided();
  EXPECT_EQ(actions_of(p), "create 100, destroy 1");
}

MachineSeen old_draining(std::int64_t number) { return draining(number).launched_for(25h).busy(1); }

TEST(Replacement, ADrainedOldMachineIsPutBackWhereTheMaximumLeavesNoRoomForAnother) {
  const Plan p = daily({.max_machines = 2}).has(old_draining(1), young(2)).runnable("x86_64-linux", 5).decided();
  EXPECT_EQ(actions_of(p), "undrain 1, keep 2");
  EXPECT_EQ(reason_of<ActionKind::undrain>(p, 1), "needed again; no room for its replacement (max 2)");
  const Plan all = daily({.max_machines = 3})
                       .has(old_draining(1), old_draining(2), old_draining(3))
                       .runnable("x86_64-linux", 2)
                       .decided();
  EXPECT_EQ(actions_of(all), "undrain 1, undrain 2, keep 3") << "only as many as are needed";
}

TEST(Replacement, NotIfItWasItsTurnOrItDoesNotWork) {
  const auto full = [](MachineSeen machine) {
    return actions_of(daily({.max_machines = 1}).has(std::move(machine)).runnable("x86_64-linux", 5).decided());
  };
  EXPECT_EQ(full(old_draining(1).leaves_in_turn()), "keep 1");
  EXPECT_EQ(full(old_draining(1).failing(4)), "keep 1");
}

TEST(Replacement, WhatWasPutBackIsInUseForAnHour) {
  const auto full = [](Seconds back_for) {
    return daily({.max_machines = 1})
        .has(old(1).busy(1).first_listed_for(10h).listed_for(back_for))
        .runnable("x86_64-linux", 5)
        .decided();
  };
  EXPECT_EQ(actions_of(full(50min)), "keep 1");
  EXPECT_EQ(full(50min).reconsider_at, noon + 10min);
  EXPECT_EQ(actions_of(full(60min)), "drain 1");
}

TEST(Replacement, OfTwoThatAreDueTheOneThatWasPutBackWaits) {
  const Plan p = daily({.max_machines = 2})
                     .has(old(1).first_listed_for(10h).listed_for(10min), old(2).busy(1).listed_for(10h))
                     .runnable("x86_64-linux", 5)
                     .decided();
  EXPECT_EQ(actions_of(p), "keep 1, drain 2");
}

TEST(Replacement, NotEvenForThePaidRestOfAnHour) {
  const Plan p = daily({.billing_period = 3600s}).has(draining(1).launched_for(25h + 1min)).decided();
  EXPECT_EQ(actions_of(p), "keep 1");
}

TEST(Replacement, AStoppedOldMachineIsNotStarted) {
  const Plan p = daily({.stop_on_idle = true}).has(stopped(1).launched_for(25h)).runnable("x86_64-linux", 1).decided();
  EXPECT_EQ(actions_of(p), "create 100, destroy 1");
}

TEST(Replacement, OldMachinesThatAreNotNeededJustLeave) {
  const Plan p = daily({.grace_period = 600s}).has(old(1).idle_for(10s), old(2)).decided();
  EXPECT_EQ(actions_of(p), "drain 1, drain 2");
}

TEST(Replacement, WaitsWhileTheStatusIsNotTrusted) {
  const Plan p = daily({}).has(old(1)).untrusted("down").decided();
  EXPECT_EQ(actions_of(p), "keep 1");
}

TEST(Replacement, IsOffUnlessAskedFor) {
  const Plan p = farm("x86_64-linux").has(ready(1).launched_for(10000h)).runnable("x86_64-linux", 1).decided();
  EXPECT_EQ(actions_of(p), "keep 1");
}

TEST(Replacement, AMachineThatWasMadeFromSomethingElseIsReplaced) {
  const auto changed = [](Settings settings) {
    return farm("x86_64-linux", settings)
        .has(ready(1).made_from("old"))
        .runnable("x86_64-linux", 1)
        .specification("x86_64-linux", "new");
  };
  EXPECT_EQ(actions_of(changed({}).decided()), "create 100, keep 1");
  EXPECT_EQ(actions_of(changed({}).has(ready(2).made_from("new")).decided()), "drain 1, keep 2");
  EXPECT_EQ(actions_of(changed({.replace_on_change = false}).decided()), "keep 1");
  EXPECT_EQ(actions_of(changed({.replace_on_change = true, .provider = ProviderKind::nixops}).decided()),
            "create 100, keep 1");
}

TEST(Replacement, OneOfWhichThatIsNotKnownIsNot) {
  const Plan p =
      farm("x86_64-linux").has(ready(1)).runnable("x86_64-linux", 1).specification("x86_64-linux", "new").decided();
  EXPECT_EQ(actions_of(p), "keep 1");
}

}  // namespace
}  // namespace hydra_provisioner::decide
