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

TEST(Redeploy, OneWhoseLastDeployFailedAfterAsLongAsItHasBeenFailing) {
  const auto failing = [](Seconds since, Seconds last_attempt) {
    return farm_of(coming(1).needs_redeploy().failed_with("no").requested_for(since).checked_for(last_attempt))
        .decided();
  };
  EXPECT_EQ(reason_of<ActionKind::keep>(failing(10s, 10s), 1), "not ready: no; tried again in 20 s");
  EXPECT_EQ(until_of(failing(10s, 10s), 1), noon + 20s);
  EXPECT_EQ(reason_of<ActionKind::redeploy>(failing(30s, 30s), 1), "not ready: no");
  EXPECT_EQ(reason_of<ActionKind::keep>(failing(300s, 100s), 1), "not ready: no; tried again in 100 s");
  EXPECT_EQ(reason_of<ActionKind::redeploy>(failing(300s, 150s), 1), "not ready: no");
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
