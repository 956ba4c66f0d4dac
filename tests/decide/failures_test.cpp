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

TEST(Failures, ThePoolSaysWhatFailedLast) {
  const std::string quota = "project quota reached: 10 servers (limit 10)";
  const Plan p = wants_one().failed_passes("x86_64-linux", 1, noon - 29s).failed_last("x86_64-linux", quota).decided();
  EXPECT_EQ(note(p),
            "no creations for another 1 s: back-off of 30 s, passes in a row whose creations failed: 1; the latest: " +
                quota);
}

TEST(Failures, AFailingDestructionIsTriedAgainMoreAndMoreRarelyAndSaysWhy) {
  const auto failing = [](Seconds ago) {
    return farm("x86_64-linux")
        .has(destroying(1).failed_with("destroy: it is protected").failed_at(Operation::destroy, 7, ago))
        .decided();
  };
  EXPECT_EQ(reason_of<ActionKind::keep>(failing(1799s), 1),
            "not destroyed yet; destroy: it is protected; failed 7 times, tried again in 1 s");
  EXPECT_EQ(until_of(failing(1799s), 1), noon + 1s);
  EXPECT_EQ(action_on(failing(1800s), 1).kind, ActionKind::destroy);
}

TEST(Failures, AFailingStopIsTriedAgainMoreAndMoreRarely) {
  const auto failing = [](Seconds ago) {
    return farm("x86_64-linux", {.stop_on_idle = true})
        .has(draining(1).failed_with("stop: timed out").failed_at(Operation::stop, 2, ago))
        .decided();
  };
  EXPECT_EQ(reason_of<ActionKind::keep>(failing(59s), 1),
            "surplus; stop: timed out; failed 2 times, tried again in 1 s");
  EXPECT_EQ(actions_of(failing(60s)), "stop 1");
}

TEST(Failures, AfterAFailedStopADestructionDoesNotWait) {
  const Plan p = farm("x86_64-linux").has(draining(1).failed_at(Operation::stop, 7, 1s)).decided();
  EXPECT_EQ(actions_of(p), "destroy 1");
}

TEST(Failures, AnOrderTriesAgainAtOnce) {
  const auto failing = [] {
    return farm("x86_64-linux").has(destroying(1).failed_at(Operation::destroy, 7, 2h)).at(noon);
  };
  const auto waiting = [] {
    return farm("x86_64-linux").has(destroying(1).failed_at(Operation::destroy, 7, 20min)).at(noon);
  };
  EXPECT_EQ(actions_of(waiting().decided()), "keep 1");
  EXPECT_EQ(actions_of(waiting().ordered_ago(10min, OrderKind::destroy, "hydra-provisioned-1").decided()), "destroy 1");
  EXPECT_EQ(actions_of(waiting().ordered_ago(10min, OrderKind::retry, "x86_64-linux").decided()), "destroy 1");
  EXPECT_EQ(actions_of(waiting().ordered_ago(30min, OrderKind::retry, "x86_64-linux").decided()), "keep 1");
  EXPECT_EQ(actions_of(failing().decided()), "destroy 1");
}

TEST(Failures, ACreationThatCannotBeFinishedIsNotTriedAgainInEachPass) {
  const auto unfinished = [](Seconds ago) {
    return wants_one()
        .has(coming(1).interrupted().failed_with("create: no answer").failed_at(Operation::create, 1, ago))
        .decided();
  };
  EXPECT_EQ(reason_of<ActionKind::keep>(unfinished(29s), 1),
            "not finished: create: no answer; failed once, tried again in 1 s");
  EXPECT_EQ(reason_of<ActionKind::create>(unfinished(30s), 1), "not finished: create: no answer; carried on");
}

TEST(Failures, AMachineThatIsNotReadyInTimeSaysWhatIsMissing) {
  const Plan p = farm("x86_64-linux").has(coming(1).requested_for(30min).failed_with("its address is taken")).decided();
  EXPECT_EQ(reason_of<ActionKind::destroy>(p, 1),
            "not ready 1800 s after its request ≥ bootTimeout 1800 s: its address is taken; never listed");
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
