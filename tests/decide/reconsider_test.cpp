// A plan says when it would next change by itself, so that a daemon can look again just then.
#include <gtest/gtest.h>

#include "tests/decide/farm.hpp"

namespace hydra_provisioner::decide {
namespace {

using namespace std::chrono_literals;

TEST(ReconsiderAt, NothingChangesByItselfWhenNothingIsTimed) {
  EXPECT_EQ(farm("x86_64-linux").has(ready(1)).runnable("x86_64-linux", 1).decided().reconsider_at, std::nullopt);
}

TEST(ReconsiderAt, TheEndOfAGracePeriod) {
  const Plan p = farm("x86_64-linux", {.grace_period = 600s}).has(ready(1).idle_for(550s)).decided();
  EXPECT_EQ(p.reconsider_at, noon + 50s);
}

TEST(ReconsiderAt, TheEndOfABootTimeout) {
  const Farm f = farm("x86_64-linux", {.boot_timeout = 100s}).has(coming(1));
  EXPECT_EQ(Farm(f).runnable("x86_64-linux", 1).decided().reconsider_at, noon + 40s);
  EXPECT_EQ(Farm(f).runnable("x86_64-linux", 0).decided().reconsider_at, noon + 40s);
}

TEST(ReconsiderAt, TheBootTimeoutOfACreationThatIsCarriedOn) {
  const Plan p =
      farm("x86_64-linux", {.boot_timeout = 100s}).has(coming(1).interrupted()).runnable("x86_64-linux", 1).decided();
  EXPECT_EQ(p.reconsider_at, noon + 40s);
}

TEST(ReconsiderAt, TheEndOfABackOff) {
  const Plan p =
      farm("x86_64-linux").runnable("x86_64-linux", 1).failed_passes("x86_64-linux", 1, noon - 10s).decided();
  EXPECT_EQ(p.reconsider_at, noon + 20s);
}

TEST(ReconsiderAt, ABackOffThatHoldsNothingUpDoesNotMatter) {
  const Plan p = farm("x86_64-linux").failed_passes("x86_64-linux", 1, noon - 10s).decided();
  EXPECT_EQ(p.reconsider_at, std::nullopt);
}

TEST(ReconsiderAt, TheMomentsOfTheHourRule) {
  const auto reconsidered = [](const MachineSeen& machine) {
    return farm("x86_64-linux", {.billing_period = 1h}).has(machine).decided().reconsider_at;
  };
  EXPECT_EQ(reconsidered(ready(1).launched_for(20min)), noon + 10min + 1s) << "half an hour paid";
  EXPECT_EQ(reconsidered(ready(1).launched_for(40min)), noon + 20min) << "a new period";
  EXPECT_EQ(reconsidered(draining(1).launched_for(20min)), noon + 10min + 1s) << "half an hour paid";
  EXPECT_EQ(reconsidered(draining(1).launched_for(40min)), noon + 10min + 1s) << "ten minutes paid";
  EXPECT_EQ(reconsidered(draining(1).busy(1).launched_for(55min)), noon + 5min) << "a new period";
}

TEST(ReconsiderAt, WhatIsHeldBackMayChangeBeforeItsHoldEnds) {
  const auto reconsidered = [](const MachineSeen& machine) {
    return farm("x86_64-linux", {.billing_period = 1h})
        .has(machine)
        .ordered_until(noon + 10min, OrderKind::protect, "hydra-provisioned-1")
        .decided()
        .reconsider_at;
  };
  EXPECT_EQ(reconsidered(draining(1).launched_for(55min)), noon + 5min) << "a new period, in which it would return";
  EXPECT_EQ(reconsidered(draining(1).launched_for(65min)), noon + 10min) << "the protection";
}

TEST(ReconsiderAt, WhenADocumentCanProveThatTheMachineIsOutOfTheFile) {
  const Plan p = farm("x86_64-linux").has(draining(1).unlisted_for(5s)).decided();
  EXPECT_EQ(p.reconsider_at, noon + 30s);
}

TEST(ReconsiderAt, WhenADocumentCanProveThatTheMachineIsIdle) {
  const Plan p = farm("x86_64-linux").has(draining(1).idle_for(100s)).decided();
  EXPECT_EQ(p.reconsider_at, noon + 20s);
}

TEST(ReconsiderAt, IsInOurClock) {
  const Plan p = farm("x86_64-linux").has(draining(1).idle_for(-50s)).clock_ahead(50s).decided();
  EXPECT_EQ(p.reconsider_at, noon + 120s);
}

TEST(ReconsiderAt, TheEarliestOfAll) {
  const Plan p = farm("x86_64-linux", {.grace_period = 600s})
                     .has(ready(1).idle_for(550s), ready(2).idle_for(560s), ready(3).idle_for(100s))
                     .decided();
  EXPECT_EQ(p.reconsider_at, noon + 40s);
  EXPECT_EQ(until_of(p, 1), noon + 50s);
}

}  // namespace
}  // namespace hydra_provisioner::decide
