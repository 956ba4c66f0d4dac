// Machines that do not work: one is replaced, and too many at a time are looked at by a human.
#include <algorithm>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/decide/farm.hpp"

namespace hydra_provisioner::decide {
namespace {

using namespace std::chrono_literals;

TEST(Unhealthy, AMachineThatTheQueueRunnerKeepsFailingOnIsReplaced) {
  const Plan before = farm("x86_64-linux").has(ready(1).failing(3)).runnable("x86_64-linux", 1).decided();
  EXPECT_EQ(actions_of(before), "keep 1");
  const Plan first = farm("x86_64-linux").has(ready(1).failing(4)).runnable("x86_64-linux", 1).decided();
  EXPECT_EQ(actions_of(first), "create 100, keep 1");
  const Plan then = farm("x86_64-linux").has(ready(1).failing(4), ready(2)).runnable("x86_64-linux", 1).decided();
  EXPECT_EQ(actions_of(then), "drain 1, keep 2");
  EXPECT_EQ(reason_of<ActionKind::drain>(then, 1),
            "the queue runner failed to use it 4 times in a row ≥ consecutiveFailures 4");
}

TEST(Unhealthy, FailuresOfAnEarlierMachineWithItsAddressDoNotCount) {
  const auto failing = [](Seconds listed) {
    return farm("x86_64-linux").has(ready(1).failing(9).listed_for(listed)).runnable("x86_64-linux", 1).decided();
  };
  EXPECT_EQ(actions_of(failing(59s)), "keep 1");
  EXPECT_EQ(actions_of(failing(60s)), "create 100, keep 1");
}

TEST(Unhealthy, UnlessThatIsNotWanted) {
  const Plan p =
      farm("x86_64-linux", {.consecutive_failures = 0}).has(ready(1).failing(99)).runnable("x86_64-linux", 1).decided();
  EXPECT_EQ(actions_of(p), "keep 1");
}

Farm with_four_of_eight_vanished(std::optional<std::int64_t> max_unhealthy) {
  return farm("x86_64-linux", {.max_unhealthy = max_unhealthy})
      .has(ready(1).vanished(), ready(2).vanished(), failed(3), failed(4), ready(5), ready(6), ready(7), ready(8))
      .runnable("x86_64-linux", 8);
}

TEST(Unhealthy, NothingIsDoneWhenTooManyDoNotWork) {
  const Plan p = with_four_of_eight_vanished(45).decided();
  EXPECT_EQ(actions_of(p), "destroy 1, destroy 2, keep 3, keep 4, keep 5, keep 6, keep 7, keep 8")
      << "but what has vanished is forgotten";
  EXPECT_EQ(pool_plan(p, "x86_64-linux").notes.front(),
            "4 of 8 machines do not work, more than maxUnhealthy 45 %: look after them, or raise it");
}

TEST(Unhealthy, AllIsDoneWhenEnoughWork) {
  EXPECT_EQ(actions_of(with_four_of_eight_vanished(50).decided()).substr(0, 10), "create 100");
  EXPECT_EQ(actions_of(with_four_of_eight_vanished({}).decided()).substr(0, 10), "create 100");
}

TEST(Unhealthy, ThreeAreNothingUnusual) {
  const Plan p = farm("x86_64-linux", {.max_unhealthy = 45})
                     .has(ready(1).vanished(), ready(2).vanished(), ready(3).vanished())
                     .runnable("x86_64-linux", 1)
                     .decided();
  EXPECT_EQ(actions_of(p), "create 100, destroy 1, destroy 2, destroy 3");
}

// Machines whose gates do not open.

template <class... Machines>
Farm with_gates(Settings settings, Machines... machines) {
  return farm("x86_64-linux", settings).has(machines...).runnable("x86_64-linux", sizeof...(machines)).machines_join();
}

template <class... Machines>
std::string actions_with_gates(Machines... machines) {
  return actions_of(with_gates({}, machines...).decided());
}

TEST(Gates, AMachineThatStaysClosedIsReplacedAfterItsBootTimeout) {
  const auto closed = [](Seconds span) { return with_gates({}, ready(1).closed_for(span), ready(2)).decided(); };
  EXPECT_EQ(actions_of(closed(1799s)), "keep 1, keep 2");
  EXPECT_EQ(closed(1799s).reconsider_at, noon + 1s);
  EXPECT_EQ(actions_of(closed(1800s)), "create 100, keep 1, keep 2");
  const Plan then =
      with_gates({}, ready(1).closed_for(1805s), ready(2), ready(3)).runnable("x86_64-linux", 2).decided();
  EXPECT_EQ(actions_of(then), "drain 1, keep 2, keep 3");
  EXPECT_EQ(reason_of<ActionKind::drain>(then, 1), "its gate does not open: closed for 1805 s ≥ bootTimeout 1800 s");
}

TEST(Gates, ThatTimeIsThatOfItsPool) {
  const auto with_timeout = [](Seconds boot_timeout) {
    return actions_of(with_gates({.boot_timeout = boot_timeout}, ready(1).closed_for(600s), ready(2)).decided());
  };
  EXPECT_EQ(with_timeout(600s), "create 100, keep 1, keep 2");
  EXPECT_EQ(with_timeout(601s), "keep 1, keep 2");
}

TEST(Gates, ItCountsFromWhenItWasToOpen) {
  EXPECT_EQ(actions_with_gates(ready(1).closed_for(2h).listed_for(1799s), ready(2)), "keep 1, keep 2");
  EXPECT_EQ(actions_with_gates(ready(1).closed_for(2h).listed_for(1800s), ready(2)), "create 100, keep 1, keep 2");
}

// When it was listed is known by our clock, and when it reported by the queue runner's.
TEST(Gates, ADifferenceOfClocksIsNoTimeForWhichItWasClosed) {
  for (const Seconds ahead : {100s, -100s}) {
    const Seconds lost = std::max(-ahead, Seconds{0});
    const auto listed_for = [&](Seconds span) {
      return with_gates({}, ready(1).closed_for(2h).listed_for(span + lost), ready(2)).clock_ahead(ahead).decided();
    };
    EXPECT_EQ(actions_of(listed_for(1750s)), "keep 1, keep 2");
    EXPECT_EQ(listed_for(1750s).reconsider_at, noon + 50s);
    EXPECT_EQ(actions_of(listed_for(1800s)), "create 100, keep 1, keep 2");
  }
}

TEST(Gates, OneThatIsOpenOrHasNotReportedYetWorks) {
  QueueMachine just_connected;
  just_connected.current_jobs = 0;
  EXPECT_EQ(actions_with_gates(ready(1).closed_for(2h).says(just_connected), ready(2)), "keep 1, keep 2");
  EXPECT_EQ(actions_with_gates(ready(1).closed_for(2h).idle_for(9s), ready(2)), "keep 1, keep 2");
}

TEST(Gates, OneThatWasDrainedBecauseOfThatIsNotPutBack) {
  const auto drained = [](Seconds closed) {
    return actions_with_gates(draining(1).closed_for(closed).unlisted_for(600s).shown_out("two reports"), ready(2));
  };
  EXPECT_EQ(drained(600s + 1799s), "undrain 1, keep 2");
  EXPECT_EQ(drained(600s + 1800s), "create 100, destroy 1, keep 2");
}

TEST(Gates, IsReplacedOnlyWhileTheStatusIsTrusted) {
  EXPECT_EQ(actions_of(with_gates({}, ready(1).closed_for(2h), ready(2)).untrusted("down").decided()),
            "keep 1, keep 2");
}

TEST(Gates, IfAllStayClosedOneIsReplacedAndTheSetUpIsBlamed) {
  const Settings three_at_a_time{.max_unavailable = 3};
  const MachineSeen shut = ready(1).closed_for(2h);
  const Plan first = with_gates(three_at_a_time, shut, ready(2).closed_for(2h), ready(3).closed_for(2h)).decided();
  EXPECT_EQ(actions_of(first), "create 100, keep 1, keep 2, keep 3");
  EXPECT_TRUE(
      pool_plan(first, "x86_64-linux").unused.ends_with("does hydra-builder take the gate for its build folder?"))
      << pool_plan(first, "x86_64-linux").unused;
  const auto then = [&](const MachineSeen& trial) {
    return actions_of(with_gates(three_at_a_time, shut, ready(2).closed_for(2h), trial).decided());
  };
  EXPECT_EQ(then(coming(3)), "keep 1, keep 2, keep 3");
  EXPECT_EQ(then(ready(3).closed_for(1000s)), "keep 1, keep 2, keep 3") << "it may open yet";
  EXPECT_EQ(then(ready(3).closed_for(1800s)), "create 100, keep 1, keep 2, keep 3");
}

// Machines that fail all steps that they get.

MachineSeen black_hole(MachineSeen machine, bool is_open) {
  QueueMachine entry;
  entry.enabled = is_open;
  entry.current_jobs = 0;
  entry.reported_at = noon;
  entry.trouble = "it has failed all 3 steps that it got";
  return machine.launched_for(5min).says(entry);
}

TEST(BlackHoles, ANewOneCountsAsAFailedCreationWhenItLeaves) {
  const auto drained = [](Seconds ready_for) {
    const Plan p = with_gates({}, black_hole(ready(1).ready_for(ready_for), true)).decided();
    EXPECT_EQ(reason_of<ActionKind::drain>(p, 1), "it has failed all 3 steps that it got");
    return action_on(p, 1).is_useless;
  };
  EXPECT_TRUE(drained(3599s));
  EXPECT_FALSE(drained(3600s)) << "it has worked for long, and says nothing about new ones";
}

TEST(BlackHoles, OneThatHasToGoForAnotherReasonDoesNotCount) {
  const auto counts = [](Farm farm) { return action_on(farm.decided(), 1).is_useless; };
  EXPECT_FALSE(counts(with_gates({.max_age = 60s}, ready(1).ready_for(60s), ready(2))));
  EXPECT_FALSE(counts(farm("x86_64-linux").has(ready(1).ready_for(120s).listed_for(120s).failing(4), ready(2))))
      << "it may only be cut off from the queue runner";
}

TEST(BlackHoles, LeaveThoughTheyArePaidForButNotThoseThatAQueueRunnerCannotReach) {
  const Settings hourly{.billing_period = 3600s};
  const MachineSeen hole = black_hole(draining(1).shown_out("two reports").ready_for(4min), false);
  EXPECT_EQ(actions_of(with_gates(hourly, hole).decided()), "create 100, destroy 1");
  const Plan cut_off = farm("x86_64-linux", hourly)
                           .has(draining(1).launched_for(5min).failing(4), draining(2).launched_for(5min).failing(4))
                           .decided();
  EXPECT_EQ(actions_of(cut_off), "keep 1, keep 2") << "an outage that all of them share may end meanwhile";
}

TEST(BlackHoles, TheNextWaitsAlsoWhenTheLastIsGone) {
  const auto waiting = [](auto... machines) {
    return with_gates({}, machines...)
        .runnable("x86_64-linux", 9)
        .failed_passes("x86_64-linux", 3, noon - 60s)
        .failed_last("x86_64-linux", "hydra-provisioned-3 is of no use: it has failed all 3 steps that it got")
        .decided();
  };
  const std::string why =
      "no creations for another 60 s: back-off of 120 s, passes in a row whose creations failed: 3; the latest: "
      "hydra-provisioned-3 is of no use: it has failed all 3 steps that it got";
  EXPECT_EQ(actions_of(waiting()), "");
  EXPECT_THAT(pool_plan(waiting(), "x86_64-linux").notes, testing::ElementsAre(why));
  EXPECT_EQ(actions_of(waiting(black_hole(ready(1), true))), "drain 1");
}

}  // namespace
}  // namespace hydra_provisioner::decide
