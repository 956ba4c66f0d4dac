// What an operator ordered by hand.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/decide/farm.hpp"

namespace hydra_provisioner::decide {
namespace {

using namespace std::chrono_literals;
using enum OrderKind;

const std::string first = "hydra-provisioned-1";

Farm two_needed() { return farm("x86_64-linux").has(ready(1), ready(2)).runnable("x86_64-linux", 2); }

TEST(Orders, AMachineThatIsOrderedToDrainDoesThoughItIsNeededAndIsReplaced) {
  const Plan p = two_needed().ordered(drain, first).decided();
  EXPECT_EQ(actions_of(p), "create 100, drain 1, keep 2");
  EXPECT_EQ(reason_of<ActionKind::drain>(p, 1), "ordered by an operator");
}

TEST(Orders, ABusyOneDrains) {
  const Plan p = farm("x86_64-linux", {.grace_period = 600s}).has(ready(1).busy(2)).ordered(drain, first).decided();
  EXPECT_EQ(actions_of(p), "drain 1");
}

TEST(Orders, OneDrainsWhateverTheStatus) {
  EXPECT_EQ(actions_of(two_needed().ordered(drain, first).untrusted("down").decided()), "drain 1, keep 2");
}

TEST(Orders, OneIsNotPutBackThoughItIsPaidFor) {
  const Plan p = farm("x86_64-linux", {.billing_period = 3600s})
                     .has(draining(1).launched_for(10min))
                     .runnable("x86_64-linux", 1)
                     .ordered(drain, first)
                     .decided();
  EXPECT_EQ(actions_of(p), "create 100, keep 1");
}

TEST(Orders, OneLeavesAsOthersDo) {
  const Plan stopped = farm("x86_64-linux", {.stop_on_idle = true}).has(draining(1)).ordered(drain, first).decided();
  EXPECT_EQ(actions_of(stopped), "stop 1");
  const Plan destroyed = farm("x86_64-linux").has(draining(1)).ordered(drain, first).decided();
  EXPECT_EQ(actions_of(destroyed), "destroy 1");
  EXPECT_EQ(reason_of<ActionKind::destroy>(destroyed, 1),
            "ordered by an operator; idle 3600 s ≥ quiet 120 s, unlisted 600 s ≥ settle 35 s");
}

TEST(Orders, AReasonNamesTheOrderOrTheScheduleThatLoweredTheMaximum) {
  const auto two = [] { return farm("x86_64-linux").has(draining(1), draining(2)); };
  const Plan ordered = two().ordered(max_machines, "x86_64-linux", 1).decided();
  EXPECT_EQ(reason_of<ActionKind::destroy>(ordered, 2),
            "exceeds max 1, maxMachines ordered by an operator; idle 3600 s ≥ quiet 120 s, unlisted 600 s ≥ settle "
            "35 s");
  const Plan scheduled =
      two()
          .scheduled("x86_64-linux", {.period = "8-17 UTC", .min_machines = {}, .max_machines = 0, .until = {}})
          .decided();
  EXPECT_THAT(reason_of<ActionKind::destroy>(scheduled, 2), testing::StartsWith("exceeds max 0, schedule 8-17 UTC;"));
}

TEST(Orders, OneThatIsStoppedIsNotStarted) {
  const Plan p = farm("x86_64-linux", {.stop_on_idle = true})
                     .has(decide::stopped(1))
                     .runnable("x86_64-linux", 1)
                     .ordered(drain, first)
                     .decided();
  EXPECT_EQ(actions_of(p), "create 100, keep 1");
}

TEST(Orders, ADestructionWaitsForProof) {
  EXPECT_EQ(actions_of(farm("x86_64-linux").has(ready(1)).ordered(destroy, first).decided()), "drain 1");
  const Plan busy = farm("x86_64-linux").has(draining(1).busy(1)).ordered(destroy, first).decided();
  EXPECT_EQ(reason_of<ActionKind::keep>(busy, 1), "ordered by an operator; waits: still busy: 1 job");
  const Plan idle = farm("x86_64-linux", {.stop_on_idle = true}).has(draining(1)).ordered(destroy, first).decided();
  EXPECT_EQ(actions_of(idle), "destroy 1");
}

TEST(Orders, AForcedDestructionDoesNotWaitForProof) {
  const auto forced = [](MachineSeen machine) {
    return farm("x86_64-linux").has(std::move(machine)).ordered(destroy, first, by_force);
  };
  EXPECT_EQ(actions_of(forced(ready(1).busy(2)).decided()), "drain 1") << "no new step may start on it";
  EXPECT_EQ(reason_of<ActionKind::destroy>(forced(draining(1).busy(2)).decided(), 1),
            "ordered by an operator; by force");
  EXPECT_EQ(actions_of(forced(draining(1).busy(2)).untrusted("down").decided()), "destroy 1");
  EXPECT_EQ(actions_of(forced(draining(1).busy(2).still_listed()).decided()), "keep 1");
}

TEST(Orders, ADestructionTakesAlsoWhatIsComingOrStopped) {
  const Plan p = farm("x86_64-linux", {.min_machines = 2, .stop_on_idle = true})
                     .has(coming(1), decide::stopped(2))
                     .ordered(destroy, first)
                     .ordered(destroy, "hydra-provisioned-2")
                     .decided();
  EXPECT_EQ(actions_of(p), "create 100, create 101, destroy 1, destroy 2");
}

TEST(Orders, AProtectedMachineStays) {
  const Plan p = farm("x86_64-linux")
                     .has(ready(1), draining(2))
                     .ordered(protect, first)
                     .ordered(protect, "hydra-provisioned-2")
                     .decided();
  EXPECT_EQ(reason_of<ActionKind::keep>(p, 1),
            "protected by an operator, until it is taken back; else drain: surplus, idle 3600 s ≥ grace 0 s");
  EXPECT_EQ(actions_of(p), "keep 1, keep 2");
}

TEST(Orders, AProtectedMachineIsTheLastThatIsNotNeeded) {
  const Plan p = farm("x86_64-linux")
                     .has(ready(1).idle_for(3h), ready(2).busy(1))
                     .runnable("x86_64-linux", 1)
                     .ordered(protect, first)
                     .decided();
  EXPECT_EQ(actions_of(p), "keep 1, drain 2");
}

TEST(Orders, AVanishedMachineCannotBeProtected) {
  const Plan p = farm("x86_64-linux").has(ready(1).vanished()).ordered(protect, first).decided();
  EXPECT_EQ(actions_of(p), "destroy 1");
}

TEST(Orders, AProtectionEnds) {
  const auto until = [](Instant end) {
    return farm("x86_64-linux").has(ready(1)).ordered_until(end, protect, first).decided();
  };
  EXPECT_EQ(actions_of(until(noon + 1s)), "keep 1");
  EXPECT_EQ(until(noon + 1s).reconsider_at, noon + 1s);
  EXPECT_EQ(actions_of(until(noon)), "drain 1");
}

TEST(Orders, NothingIsDoneWhileATypeIsPaused) {
  const Plan p = farm("x86_64-linux")
                     .has(ready(1), draining(2), failed(3).never_listed())
                     .runnable("x86_64-linux", 5)
                     .ordered(pause, "x86_64-linux")
                     .decided();
  EXPECT_EQ(actions_of(p), "keep 1, keep 2, keep 3");
  EXPECT_EQ(pool_plan(p, "x86_64-linux").notes.front(), "paused by an operator, until it is taken back");
}

TEST(Orders, APauseOfOneTypeIsNoneOfAnother) {
  const Plan p = farm("x86_64-linux")
                     .pool("aarch64-linux")
                     .runnable("x86_64-linux", 1)
                     .runnable("aarch64-linux", 1)
                     .ordered(pause, "x86_64-linux")
                     .decided();
  EXPECT_EQ(actions_of(p), "create 100");
}

TEST(Orders, EverythingCanBePaused) {
  const Plan p = farm("x86_64-linux").has(draining(1)).runnable("x86_64-linux", 3).ordered(pause, "").decided();
  EXPECT_EQ(actions_of(p), "keep 1");
  EXPECT_EQ(reason_of<ActionKind::keep>(p, 1),
            "paused by an operator, until it is taken back; else undrain: needed again");
}

TEST(Orders, WhatWasOrderedOfAMachineIsDoneInAPause) {
  const Plan p = two_needed().ordered(pause, "").ordered(drain, first).decided();
  EXPECT_EQ(actions_of(p), "drain 1, keep 2");
}

TEST(Orders, APauseEnds) {
  const Plan p = farm("x86_64-linux").runnable("x86_64-linux", 1).ordered_until(noon + 60s, pause, "").decided();
  EXPECT_EQ(actions_of(p), "");
  EXPECT_EQ(p.reconsider_at, noon + 60s);
  EXPECT_EQ(pool_plan(p, "x86_64-linux").notes.front(), "paused by an operator, for another 60 s");
}

TEST(Orders, DestroyNeedsNoListOfTheProvider) {
  const auto unseen = [](const MachineSeen& machine) {
    return farm("x86_64-linux", {.provider = ProviderKind::nixops})
        .has(machine)
        .unseen("its list makes no sense")
        .ordered(OrderKind::destroy, "hydra-provisioned-1")
        .decided();
  };
  EXPECT_EQ(actions_of(unseen(failed(1))), "destroy 1");
  EXPECT_EQ(actions_of(unseen(draining(1))), "destroy 1");
  EXPECT_EQ(actions_of(unseen(ready(1))), "drain 1");
  EXPECT_EQ(actions_of(unseen(failed(1).under_way(Operation::destroy))), "keep 1");
}

TEST(Unclear, AMachineThatItsProviderDescribesBadlyIsLeftAloneAndCounts) {
  const Plan p = farm("x86_64-linux").has(ready(1).unclear("it has no hostKey")).runnable("x86_64-linux", 1).decided();
  EXPECT_EQ(actions_of(p), "keep 1");
  EXPECT_EQ(reason_of<ActionKind::keep>(p, 1), "not seen: it has no hostKey");
  EXPECT_EQ(actions_of(farm("x86_64-linux").has(failed(1).unclear("no")).decided()), "keep 1");
}

TEST(Unclear, WhatIsBegunOrOrderedGoesOn) {
  EXPECT_EQ(actions_of(farm("x86_64-linux").has(destroying(1).unclear("no")).decided()), "destroy 1");
  const auto drained = [](MachineSeen machine) {
    return actions_of(farm("x86_64-linux")
                          .has(machine.unclear("no"))
                          .runnable("x86_64-linux", 1)
                          .ordered(OrderKind::drain, "hydra-provisioned-1")
                          .decided());
  };
  EXPECT_EQ(drained(ready(1)), "drain 1");
  EXPECT_EQ(drained(draining(1)), "create 100, keep 1");
}

TEST(Orders, AreShownWithTheirAuthorAndReason) {
  Order order{.value = 0, .since = noon, .until = {}};
  EXPECT_EQ(giver_of(order), "an operator");
  order.author = "alice";
  EXPECT_EQ(giver_of(order), "an operator (alice)");
  order.reason = "new kernel";
  EXPECT_EQ(giver_of(order), "an operator (alice: new kernel)");
}

}  // namespace
}  // namespace hydra_provisioner::decide
