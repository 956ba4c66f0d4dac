#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/decide/farm.hpp"

namespace hydra_provisioner::decide {
namespace {

using namespace std::chrono_literals;
using testing::ElementsAre;
using testing::IsEmpty;

const std::string plain = "x86_64-linux";

Farm wants_three(Settings settings = {}) { return farm(plain, settings).runnable(plain, 3); }

TEST(Unused, MachinesThatTheQueueRunnerDoesNotKnowAreSaidAndNoMoreAreCreated) {
  const Plan p = wants_three().has(ready(1).absent().listed_for(75s), ready(2).absent().listed_for(61s)).decided();
  EXPECT_EQ(actions_of(p), "keep 1, keep 2");
  EXPECT_THAT(
      pool_plan(p, plain).notes,
      ElementsAre("the queue runner uses none of 2 machines that are listed since 75 s: it does not know them; does "
                  "it read the machines file (NIX_REMOTE_SYSTEMS)?",
                  "none is created until one of the machines is used"));
  EXPECT_EQ(pool_plan(p, plain).unused, pool_plan(p, plain).notes.front());
}

TEST(Unused, TwoReadingsOfTheFileAreWaitedFor) {
  const Plan p = wants_three().has(ready(1).absent().listed_for(59s)).decided();
  EXPECT_EQ(actions_of(p), "create 100, create 101, keep 1");
  EXPECT_EQ(pool_plan(p, plain).unused, "");
}

TEST(Unused, AfterARestartOfTheQueueRunnerTheyAreWaitedForAgain) {
  const auto noted = [](std::chrono::seconds up_for) {
    return pool_plan(wants_three().has(ready(1).absent().listed_for(900s)).started(noon - up_for).decided(), plain)
        .unused;
  };
  EXPECT_EQ(noted(59s), "");
  EXPECT_NE(noted(61s), "");
}

TEST(Unused, OneThatIsUsedSuffices) {
  EXPECT_EQ(actions_of(wants_three().has(ready(1).absent(), ready(2).busy(1)).decided()), "create 100, keep 1, keep 2");
}

TEST(Unused, DisabledAndFailingOnesAreNotUsed) {
  const Plan p = wants_three({.consecutive_failures = 0})
                     .has(ready(1).says({.enabled = false, .current_jobs = 0, .idle_since = {}}), ready(2).failing(4))
                     .decided();
  EXPECT_EQ(actions_of(p), "keep 1, keep 2");
  EXPECT_TRUE(pool_plan(p, plain).unused.ends_with(": it does not know 0, has disabled 1 and fails on 1"))
      << pool_plan(p, plain).unused;
}

TEST(Unused, SoAreThoseWhoseGatesStayClosed) {
  const auto noted = [](std::chrono::seconds listed_for) {
    const QueueMachine closed{.enabled = false, .current_jobs = 0, .idle_since = {}};
    return pool_plan(wants_three().has(ready(1).says(closed).listed_for(listed_for)).machines_join().decided(), plain)
        .unused;
  };
  EXPECT_EQ(noted(59s), "");
  EXPECT_EQ(noted(61s),
            "the queue runner uses none of 1 machine that is listed since 61 s: 0 do not connect to it, and the gates "
            "of 1 are closed; does hydra-builder take the gate for its build folder?");
}

TEST(Unused, FailingOnesAreReplacedOneAtATime) {
  const Farm f = farm(plain, {.max_unavailable = 3}).runnable(plain, 3).has(ready(1).failing(4), ready(2).failing(4));
  EXPECT_EQ(actions_of(f.decided()), "create 100, keep 1, keep 2");
  EXPECT_EQ(actions_of(Farm(f).has(coming(3)).decided()), "keep 1, keep 2, keep 3");
}

TEST(Unused, ThatIsNotKnownWithoutMachinesInTheStatus) {
  const Plan p = wants_three().has(ready(1).absent()).no_machines_in_status().decided();
  EXPECT_THAT(pool_plan(p, plain).notes, IsEmpty());
}

TEST(Unpublished, NothingIsCreatedUntilTheMachinesFileCanBePublished) {
  const Plan p = wants_three().unpublished_for(90s, "cannot write /f: No space left on device").decided();
  EXPECT_EQ(actions_of(p), "");
  EXPECT_THAT(pool_plan(p, plain).notes, ElementsAre("no creations: the machines file cannot be published since 90 s: "
                                                     "cannot write /f: No space left on device"));
}

}  // namespace
}  // namespace hydra_provisioner::decide
