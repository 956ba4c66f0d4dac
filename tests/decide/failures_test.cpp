#include <limits>

#include <gtest/gtest.h>

#include "tests/decide/farm.hpp"

namespace hydra_provisioner::decide {
namespace {

const Action& destroyed(const Plan& plan, std::int64_t number) {
  const Action& action = action_on(plan, number);
  EXPECT_EQ(action.kind, ActionKind::destroy);
  return action;
}

using namespace std::chrono_literals;

Farm wants_one() { return farm("x86_64-linux").runnable("x86_64-linux", 1); }

std::string note(const Plan& plan) {
  const auto& notes = pool_plan(plan, "x86_64-linux").notes;
  return notes.empty() ? "" : notes.front();
}

TEST(Failures, CreationBacksOffFor30SecondsAfterAPassWhoseCreationsAllFailed) {
  const Plan p = wants_one().failed_passes("x86_64-linux", 1, noon - 29s).decided();
  EXPECT_EQ(actions_of(p), "");
  EXPECT_EQ(note(p), "no creations for another 1 s: back-off of 30 s, passes in a row whose creations failed: 1");
  EXPECT_EQ(actions_of(wants_one().failed_passes("x86_64-linux", 1, noon - 30s).decided()), "create 100");
}

TEST(Failures, TheBackOffDoublesUpToHalfAnHour) {
  const std::vector<Seconds> waits{30s, 60s, 120s, 240s, 480s, 960s, 1800s, 1800s};
  for (std::size_t i = 0; i < waits.size(); ++i) {
    const auto passes = static_cast<std::int64_t>(i + 1);
    EXPECT_EQ(actions_of(wants_one().failed_passes("x86_64-linux", passes, noon - waits[i] + 1s).decided()), "");
    EXPECT_EQ(actions_of(wants_one().failed_passes("x86_64-linux", passes, noon - waits[i]).decided()), "create 100");
  }
}

TEST(Failures, TheBackOffStaysAtHalfAnHourHoweverManyPassesFailed) {
  const std::int64_t most = std::numeric_limits<std::int64_t>::max();
  EXPECT_EQ(actions_of(wants_one().failed_passes("x86_64-linux", most, noon - 1799s).decided()), "");
  EXPECT_EQ(actions_of(wants_one().failed_passes("x86_64-linux", most, noon - 1800s).decided()), "create 100");
}

TEST(Failures, CreationStartsAfreshWhenOneSucceeded) {
  EXPECT_EQ(actions_of(wants_one().failed_passes("x86_64-linux", 0, noon).decided()), "create 100");
}

TEST(Failures, TheBackOffNeverHoldsUpOtherPools) {
  const Plan p =
      wants_one().pool("aarch64-linux").runnable("aarch64-linux", 1).failed_passes("x86_64-linux", 3, noon).decided();
  EXPECT_EQ(actions_of(p), "create 100");
  EXPECT_EQ(action_on(p, 100).pool, PoolName("aarch64-linux"));
}

TEST(Failures, TheBackOffHoldsUpOnlyNewMachines) {
  const Plan p = farm("x86_64-linux", {.stop_on_idle = true})
                     .has(draining(1), stopped(2), coming(3).interrupted())
                     .runnable("x86_64-linux", 4)
                     .failed_passes("x86_64-linux", 3, noon)
                     .decided();
  EXPECT_EQ(actions_of(p), "undrain 1, start 2, create 3");
}

TEST(Failures, AMachineThatIsNotReadyBootTimeoutAfterItsRequestIsDestroyedAndCountsAsFailed) {
  const Plan p = farm("x86_64-linux", {.boot_timeout = 300s})
                     .has(coming(1).requested_for(299s), coming(2).requested_for(300s))
                     .runnable("x86_64-linux", 2)
                     .decided();
  EXPECT_EQ(actions_of(p), "create 100, keep 1, destroy 2");
  EXPECT_EQ(reason_of<ActionKind::destroy>(p, 2),
            "not ready 300 s after its request ≥ bootTimeout 300 s; never listed");
  EXPECT_TRUE(destroyed(p, 2).never_got_ready);
}

TEST(Failures, AMachineThatIsDestroyedForAnotherReasonDoesNotCountAsFailed) {
  const Plan p = farm("x86_64-linux").has(draining(1), failed(2), coming(3).interrupted()).decided();
  EXPECT_FALSE(destroyed(p, 1).never_got_ready);
  EXPECT_FALSE(destroyed(p, 2).never_got_ready);
  EXPECT_FALSE(destroyed(p, 3).never_got_ready);
}

TEST(Failures, AfterMoreThanFiveOfAPoolWithinAnHourThereAreNoCreationsForAnHour) {
  const Instant first = noon - 3659s;
  const Plan p = wants_one()
                     .failures("x86_64-linux", {first, first + 1s, first + 2s, first + 3s, first + 4s, first + 60s})
                     .decided();
  EXPECT_EQ(actions_of(p), "");
  EXPECT_EQ(note(p), "no creations for another 1 s: more than 5 machines failed within an hour");
}

TEST(Failures, AnHourIncludesItsEnd) {
  const Plan p = wants_one().failures("x86_64-linux", {noon - 1h, noon, noon, noon, noon, noon}).decided();
  EXPECT_EQ(actions_of(p), "");
}

TEST(Failures, TheHourOfRestEnds) {
  const Instant last = noon - 1h;
  EXPECT_EQ(actions_of(wants_one().failures("x86_64-linux", {last, last, last, last, last, last}).decided()),
            "create 100");
}

TEST(Failures, FiveWithinAnHourAreTolerated) {
  EXPECT_EQ(actions_of(wants_one().failures("x86_64-linux", {noon, noon, noon, noon, noon}).decided()), "create 100");
}

TEST(Failures, SixInMoreThanAnHourAreTolerated) {
  const Plan p = wants_one().failures("x86_64-linux", {noon - 3601s, noon, noon, noon, noon, noon}).decided();
  EXPECT_EQ(actions_of(p), "create 100");
}

TEST(Failures, AVanishedMachineIsReplacedUnderANewId) {
  const Plan p = wants_one().has(ready(1).vanished().busy(2)).decided();
  EXPECT_EQ(actions_of(p), "create 100, destroy 1");
}

TEST(Failures, AProviderWhoseMachinesCannotBeListedIsLeftAlone) {
  const Plan p = farm()
                     .pool("x86_64-linux", {.provider = ProviderKind::nixops})
                     .has(ready(1), draining(2), failed(3), coming(4).requested_for(24h), ready(5).vanished())
                     .runnable("x86_64-linux", 9)
                     .unseen("nixops list exited with 1")
                     .decided();
  EXPECT_EQ(actions_of(p), "keep 1, keep 2, keep 3, keep 4, keep 5");
  EXPECT_EQ(reason_of<ActionKind::keep>(p, 2), "not seen: nixops list exited with 1");
  EXPECT_EQ(note(p), "nixops list exited with 1");
}

TEST(Failures, AProviderWhoseMachinesCannotBeListedHoldsUpNoOther) {
  const Plan p = farm()
                     .pool("aarch64-linux", {.provider = ProviderKind::nixops})
                     .unseen("nixops list exited with 1")
                     .pool("x86_64-linux")
                     .runnable("x86_64-linux", 1)
                     .runnable("aarch64-linux", 1)
                     .decided();
  EXPECT_EQ(actions_of(p), "create 100");
}

}  // namespace
}  // namespace hydra_provisioner::decide
