#include <gtest/gtest.h>

#include "tests/decide/farm.hpp"

namespace hydra_provisioner::decide {
namespace {

using namespace std::chrono_literals;

const Settings nixops{.provider = ProviderKind::nixops};

Farm farm_of(const MachineSeen& machine, std::int64_t runnable = 1) {
  return farm("x86_64-linux", nixops).has(machine).runnable("x86_64-linux", runnable);
}

TEST(Redeploy, OnlyWhenTheSpecificationHasChanged) {
  const Plan same = farm_of(ready(1).made_from("new")).specification("x86_64-linux", "new").decided();
  EXPECT_EQ(actions_of(same), "keep 1");
  const Plan changed = farm_of(ready(1).made_from("old")).specification("x86_64-linux", "new").decided();
  EXPECT_EQ(reason_of<ActionKind::redeploy>(changed, 1), "its specification has changed");
}

TEST(Redeploy, NothingWhileTheSpecificationIsNotKnown) {
  EXPECT_EQ(actions_of(farm_of(ready(1).made_from("old")).decided()), "keep 1");
}

TEST(Redeploy, NothingIsMadeFromASpecificationThatCannotBeRead) {
  const Plan p = farm("x86_64-linux", nixops)
                     .has(coming(1).needs_redeploy())
                     .runnable("x86_64-linux", 2)
                     .specification("x86_64-linux", std::nullopt)
                     .decided();
  EXPECT_EQ(actions_of(p), "keep 1");
  EXPECT_EQ(pool_plan(p, "x86_64-linux").notes.front(), "nothing can be made from a specification that cannot be read");
}

TEST(Redeploy, NoSurplusMachine) {
  const Plan p = farm_of(ready(1).made_from("old"), 0).specification("x86_64-linux", "new").decided();
  EXPECT_EQ(actions_of(p), "drain 1");
}

TEST(Redeploy, AMachineUnderRedeploymentStaysCapacity) {
  const Plan p = farm_of(ready(1).under_way(Operation::redeploy)).decided();
  EXPECT_EQ(actions_of(p), "keep 1");
}

TEST(Redeploy, OneThatIsNotKnownToBeDeployed) {
  const Plan p = farm_of(coming(1).needs_redeploy()).decided();
  EXPECT_EQ(reason_of<ActionKind::redeploy>(p, 1), "its creation was interrupted");
}

TEST(Redeploy, OneWhoseLastDeployFailedMoreAndMoreRarely) {
  const auto failing = [](Operation operation, std::int64_t times, Seconds ago) {
    return farm_of(coming(1).needs_redeploy().failed_with("no").failed_at(operation, times, ago)).decided();
  };
  const Plan first = failing(Operation::create, 1, 10s);
  EXPECT_EQ(reason_of<ActionKind::keep>(first, 1), "not ready: no; failed once, tried again in 20 s");
  EXPECT_EQ(until_of(first, 1), noon + 20s);
  EXPECT_EQ(reason_of<ActionKind::redeploy>(failing(Operation::create, 1, 30s), 1), "not ready: no");
  EXPECT_EQ(reason_of<ActionKind::keep>(failing(Operation::redeploy, 3, 100s), 1),
            "not ready: no; failed 3 times, tried again in 20 s");
  EXPECT_EQ(reason_of<ActionKind::redeploy>(failing(Operation::redeploy, 3, 120s), 1), "not ready: no");
}

Farm three(const MachineSeen& first, Settings settings = nixops) {
  return farm("x86_64-linux", settings)
      .has(first, ready(2).made_from("old"), ready(3).made_from("old"))
      .runnable("x86_64-linux", 3)
      .specification("x86_64-linux", "new");
}

TEST(Redeploy, AtMostMaxUnavailableAtATime) {
  const Plan p = three(ready(1).made_from("old")).decided();
  EXPECT_EQ(actions_of(p), "redeploy 1, keep 2, keep 3");
  EXPECT_EQ(reason_of<ActionKind::keep>(p, 2), "its specification has changed; waits until others work, 1 at a time");
  const Settings two{.max_unavailable = 2, .provider = ProviderKind::nixops};
  EXPECT_EQ(actions_of(three(ready(1).made_from("old"), two).decided()), "redeploy 1, redeploy 2, keep 3");
}

TEST(Redeploy, TheNextOnlyWhenTheLastOneWorks) {
  EXPECT_EQ(actions_of(three(ready(1).made_from("old").under_way(Operation::redeploy)).decided()),
            "keep 1, keep 2, keep 3");
  EXPECT_EQ(actions_of(three(coming(1).needs_redeploy().ready_for(1h)).decided()), "redeploy 1, keep 2, keep 3");
  EXPECT_EQ(actions_of(three(ready(1).made_from("new")).decided()), "keep 1, redeploy 2, keep 3");
}

TEST(Redeploy, AMachineThatNeverWasReadyTakesNoTurn) {
  const auto deployed = [](MachineSeen first) { return actions_of(three(first).decided()); };
  EXPECT_EQ(deployed(coming(1).under_way(Operation::redeploy)), "keep 1, redeploy 2, keep 3");
  EXPECT_EQ(deployed(coming(1).under_way(Operation::redeploy).ready_for(1h)), "keep 1, keep 2, keep 3");
}

TEST(Redeploy, AMachineOnWhichItFailedWaitsForThoseThatDoNotWork) {
  const auto failed_beside = [](MachineSeen other) {
    return actions_of(
        farm("x86_64-linux", nixops)
            .has(other, ready(2).made_from("old").failed_at(Operation::redeploy, 1, 60s), ready(3).made_from("old"))
            .runnable("x86_64-linux", 3)
            .specification("x86_64-linux", "new")
            .decided());
  };
  EXPECT_EQ(failed_beside(ready(1).made_from("new")), "keep 1, redeploy 2, keep 3");
  EXPECT_EQ(failed_beside(coming(1).under_way(Operation::redeploy).ready_for(1h)), "keep 1, keep 2, keep 3");
}

TEST(Redeploy, AProtectedMachineTakesNoTurn) {
  const auto is_protected = [](MachineSeen first) {
    return three(first).ordered(OrderKind::protect, "hydra-provisioned-1").decided();
  };
  EXPECT_EQ(actions_of(is_protected(ready(1).made_from("old"))), "keep 1, redeploy 2, keep 3");
  EXPECT_EQ(actions_of(is_protected(ready(1).made_from("old").failed_at(Operation::redeploy, 1, 60s))),
            "keep 1, redeploy 2, keep 3");
}

TEST(Redeploy, AFailureOfAMachineThatIsUpToDateAgainTakesNoTurn) {
  EXPECT_EQ(actions_of(three(ready(1).made_from("new").failed_at(Operation::redeploy, 1, 60s)).decided()),
            "keep 1, redeploy 2, keep 3");
}

TEST(Redeploy, ABrokenSpecificationIsTriedOnOneMachineOnlyWhichStaysInUse) {
  const auto broken = [](Seconds ago) {
    return three(ready(1)
                     .made_from("old")
                     .failed_with("redeploy: broken on purpose")
                     .failed_at(Operation::redeploy, 1, ago))
        .decided();
  };
  EXPECT_EQ(actions_of(broken(29s)), "keep 1, keep 2, keep 3");
  EXPECT_EQ(reason_of<ActionKind::keep>(broken(29s), 1),
            "its specification has changed; redeploy: broken on purpose; failed once, tried again in 1 s");
  EXPECT_EQ(actions_of(broken(30s)), "redeploy 1, keep 2, keep 3");
}

TEST(Redeploy, ARepairedSpecificationIsTriedAtOnce) {
  const auto failing = [] { return three(ready(1).made_from("old").failed_at(Operation::redeploy, 7, 60s)); };
  EXPECT_EQ(actions_of(failing().decided()), "keep 1, keep 2, keep 3");
  EXPECT_EQ(actions_of(failing().counted_from("x86_64-linux", noon - 1s).decided()), "redeploy 1, keep 2, keep 3");
}

TEST(Redeploy, OneThatCannotBeRedeployedIsReplacedInItsTurn) {
  const Plan first = three(ready(1).made_from("old").cannot_redeploy()).decided();
  EXPECT_EQ(actions_of(first), "create 100, keep 1, redeploy 2, keep 3");
  EXPECT_EQ(actions_of(three(ready(1).made_from("new").cannot_redeploy()).decided()), "keep 1, redeploy 2, keep 3");
}

TEST(Redeploy, OneThatWasTakenOverAlsoWhenItIsNotNeeded) {
  const Plan p = farm_of(coming(1).needs_redeploy().first_listed_for(4h), 0).decided();
  EXPECT_EQ(reason_of<ActionKind::redeploy>(p, 1), "taken over; whether it is up to date is not known");
}

TEST(Redeploy, NoneThatIsNotNeededAndWasNeverInUse) {
  const Plan p = farm_of(coming(1).needs_redeploy(), 0).decided();
  EXPECT_EQ(reason_of<ActionKind::destroy>(p, 1),
            "not brought up to its specification, and not needed any more; never listed");
}

TEST(Redeploy, NoneOfAPoolThatIsNotConfiguredAnyMore) {
  const Plan p = farm()
                     .retired_pool("x86_64-linux", nixops)
                     .has(coming(1).needs_redeploy().first_listed_for(4h).unlisted_for(10min))
                     .decided();
  EXPECT_NE(actions_of(p), "redeploy 1");
}

TEST(Redeploy, NotForLongerThanItsBootTimeout) {
  const Plan p = farm_of(coming(1).needs_redeploy().requested_for(30min), 0).decided();
  EXPECT_EQ(reason_of<ActionKind::destroy>(p, 1),
            "not ready 1800 s after its request ≥ bootTimeout 1800 s; never listed");
}

TEST(Billing, OfTheMachineWhereItsPoolHasNone) {
  const MachineSeen machine = ready(1).billed_by(1h).launched_for(20min);
  EXPECT_EQ(reason_of<ActionKind::keep>(farm_of(machine, 0).decided(), 1), "surplus; paid for another 2400 s ≥ 1800 s");
  const Settings by_use{.billing_period = 0s, .provider = ProviderKind::nixops};
  EXPECT_EQ(actions_of(farm("x86_64-linux", by_use).has(machine).decided()), "drain 1");
}

}  // namespace
}  // namespace hydra_provisioner::decide
