#include "observe/rust_documents.hpp"

#include <string>

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/support/usual.hpp"

namespace hydra_provisioner::observe {
namespace {

using support::noon;
using testing::ElementsAre;
using testing::HasSubstr;

const std::string time_of_noon = "2026-01-15T12:00:00.5Z";

std::string rust_status(const std::string& machines, std::int64_t total = 0) {
  return fmt::format(
      R"({{"queueRunner":{{"status":"up","time":"{}","uptime":60.2,"machinesTotal":{}}},"machines":{{{}}}}})",
      time_of_noon, total, machines);
}

std::string builder(const std::string& name, const std::string& stats) {
  return fmt::format(
      R"("{}":{{"systems":["x86_64-linux"],"supportedFeatures":[],"mandatoryFeatures":[],)"
      R"("buildDirAvailThreshold":10.0,"storeAvailThreshold":10.0,"maxJobs":4,"jobs":[],"stats":{{{}}}}})",
      name, stats);
}

std::string usual_stats(Seconds since_ping, const std::string& more = "") {
  return fmt::format(R"("currentJobs":0,"lastPing":{},"buildDirFreePercent":50.0{})", to_unix(noon - since_ping), more);
}

std::string step(const std::string& name, const std::string& more = "") {
  return fmt::format(R"({{"drvPath":"{}.drv","alreadyScheduled":false,"runnable":true,"finished":false,)"
                     R"("cancelled":false,"lowestBuildId":7{}}})",
                     name, more);
}

const std::string build_7 = R"({"builds":[{"id":7}]})";
const std::string no_steps = R"({"queues":{}})";

Expected<RustQueue> read_all(const std::string& status, const std::string& queues = no_steps,
                             const std::string& builds = build_7) {
  return read_rust_documents({status, queues, builds}, noon);
}

std::string why(const Expected<RustQueue>& queue) { return queue ? "trusted" : queue.error().message; }

QueueMachine only_machine(const std::string& stats) {
  const auto queue = read_all(rust_status(builder("t-1", stats)));
  QueueMachine none;
  none.trouble = why(queue);
  return queue ? queue->status.machines->at("t-1") : none;
}

// Until then it shows builds, but none of their steps.
TEST(RustDocuments, AreNotTrustedBeforeTheQueueWasReadOnce) {
  const auto after_checks = [](int finished) {
    return fmt::format(
        R"({{"queueRunner":{{"status":"up","time":"{}","uptime":1.2,"queueChecksFinished":{}}},"machines":{{}}}})",
        time_of_noon, finished);
  };
  EXPECT_THAT(why(read_all(after_checks(0))), HasSubstr("has just started"));
  EXPECT_EQ(why(read_all(after_checks(1))), "trusted");
}

TEST(RustDocuments, SayWhenTheQueueRunnerStarted) {
  const auto queue = read_all(rust_status(""));
  ASSERT_TRUE(queue) << queue.error().message;
  EXPECT_EQ(queue->status.time, noon);
  EXPECT_EQ(queue->status.started, noon - Seconds{61});
  EXPECT_TRUE(queue->status.machines_join);
}

TEST(RustDocuments, OfAnotherQueueRunnerNameIt) {
  EXPECT_EQ(why(read_all(R"({"status":"up","time":1,"machineTypes":{},"machines":{}})")),
            R"(/status: this is the document of the queue runner in C++; set queue.type = "hydra")");
}

TEST(RustDocuments, ThatAreNoneSaySo) {
  EXPECT_THAT(why(read_all("<!DOCTYPE html><html>")), HasSubstr("/status: HTML instead of JSON; queue.url must be"));
  EXPECT_THAT(why(read_all("")), HasSubstr("/status: not usable JSON"));
  EXPECT_THAT(why(read_all(rust_status("").substr(0, 60))), HasSubstr("/status: not usable JSON"));
  EXPECT_THAT(why(read_all("[]")), HasSubstr("/status: an empty list is not an object"));
  EXPECT_THAT(why(read_all("{}")), HasSubstr("queueRunner: missing, expected an object; does queue.url name"));
  EXPECT_THAT(why(read_all(R"({"error":"Not found"})")), HasSubstr("queueRunner: missing"));
  EXPECT_THAT(why(read_all(rust_status(""), "{}")), HasSubstr("/status/queues: queues: missing"));
  EXPECT_THAT(why(read_all(rust_status(""), no_steps, "{}")), HasSubstr("/status/builds: builds: expected a list"));
}

TEST(RustDocuments, OfAClockFarAwayAreNotTrusted) {
  const auto queue = read_rust_documents({rust_status(""), no_steps, build_7}, noon + Seconds{500});
  EXPECT_THAT(why(queue), HasSubstr("is 500 s behind our clock"));
}

TEST(RustDocuments, AMachineThatPingsIsOpenWhileItsBuildFolderHasRoom) {
  EXPECT_EQ(only_machine(usual_stats(Seconds{3})).enabled, true);
  EXPECT_EQ(
      only_machine(fmt::format(R"("currentJobs":0,"lastPing":{},"buildDirFreePercent":0.0)", to_unix(noon))).enabled,
      false);
}

TEST(RustDocuments, AMachineThatDoesNotPingIsNotKnown) {
  EXPECT_EQ(only_machine(usual_stats(Seconds{29})).enabled, true);
  const QueueMachine silent = only_machine(usual_stats(Seconds{30}));
  EXPECT_EQ(silent.enabled, std::nullopt);
  EXPECT_EQ(silent.trouble, "no ping for 30 s");
}

TEST(RustDocuments, AMachineWhoseStoreIsFullIsOfNoUseThoughItIsOpen) {
  const QueueMachine full = only_machine(usual_stats(Seconds{1}, R"(,"storeFreePercent":4.0)"));
  EXPECT_EQ(full.trouble, "its store is full: 4 % free, and it gets steps from 10 % on");
  EXPECT_EQ(full.enabled, true);
  EXPECT_THAT(only_machine(usual_stats(Seconds{1}, R"(,"storeFreePercent":9.98)")).trouble, HasSubstr("9.9 % free"));
  EXPECT_EQ(only_machine(usual_stats(Seconds{1}, R"(,"storeFreePercent":10.0)")).trouble, "");
  EXPECT_EQ(only_machine(usual_stats(Seconds{1}, R"(,"storeFreePercent":null)")).trouble, "");
}

TEST(RustDocuments, AMachineWhoseStoreIsFullCanBeClosed) {
  const QueueMachine closed = only_machine(
      fmt::format(R"("currentJobs":0,"lastPing":{},"buildDirFreePercent":0.0,"storeFreePercent":4.0)", to_unix(noon)));
  EXPECT_EQ(closed.enabled, false);
  EXPECT_THAT(closed.trouble, HasSubstr("its store is full"));
}

TEST(RustDocuments, OfAMachineThatHasJustConnectedNothingIsFull) {
  const QueueMachine machine =
      only_machine(R"("currentJobs":0,"lastPing":0,"buildDirFreePercent":0.0,"storeFreePercent":0.0)");
  EXPECT_EQ(machine.trouble, "");
  EXPECT_EQ(machine.enabled, std::nullopt);
}

TEST(RustDocuments, JobsThatAreListedCountThoughTheNumberSaysNone) {
  std::string text = rust_status(builder("t-1", usual_stats(Seconds{1})));
  text.replace(text.find(R"("jobs":[])"), 9, R"("jobs":["a.drv"])");
  EXPECT_EQ(read_all(text)->status.machines->at("t-1").current_jobs, 1);
}

TEST(RustDocuments, IdleSince0IsNotKnown) {
  EXPECT_EQ(only_machine(usual_stats(Seconds{1}, R"(,"idleSince":0)")).idle_since, std::nullopt);
  EXPECT_EQ(only_machine(usual_stats(Seconds{1}, R"(,"idleSince":1000)")).idle_since, from_unix(1000));
}

std::string trouble_after(std::int64_t failures, std::int64_t successes, int max_jobs = 4, Seconds each = Seconds{30}) {
  const std::string counts = fmt::format(R"(,"consecutiveFailures":{},"succeededBuilds":{},"totalStepTimeMs":{})",
                                         failures, successes, (failures + successes) * Millis{each}.count());
  std::string text = rust_status(builder("t-1", usual_stats(Seconds{1}, counts)));
  text.replace(text.find(R"("maxJobs":4)"), 11, fmt::format(R"("maxJobs":{})", max_jobs));
  return read_all(text)->status.machines->at("t-1").trouble;
}

TEST(RustDocuments, ABlackHoleFailsItsFirstThreeStepsWithinSeconds) {
  EXPECT_EQ(trouble_after(2, 0, 4, Seconds{1}), "");
  EXPECT_EQ(trouble_after(3, 0, 4, Seconds{1}), "it has failed all 3 steps that it got");
}

TEST(RustDocuments, ABlackHoleThatTakesItsTimeHasFailedMoreStepsThanItTakesAtATime) {
  EXPECT_EQ(trouble_after(4, 0), "") << "it takes 4 steps at a time, which may have been cancelled together";
  EXPECT_EQ(trouble_after(5, 0), "it has failed all 5 steps that it got");
}

TEST(RustDocuments, AMachineThatHasSucceededIsABlackHoleOnlyAfterManyFailures) {
  EXPECT_EQ(trouble_after(19, 1), "");
  EXPECT_EQ(trouble_after(20, 1), "its last 20 steps have all failed");
  EXPECT_EQ(trouble_after(32, 1, 32), "") << "they may have been cancelled together";
  EXPECT_EQ(trouble_after(33, 1, 32), "its last 33 steps have all failed");
}

TEST(RustDocuments, AMachineWithoutItsNumbersMakesThemUntrustworthy) {
  EXPECT_THAT(why(read_all(rust_status(builder("t-1", R"("lastPing":1)")))),
              HasSubstr(R"(/status: machines."t-1".stats.currentJobs: missing, expected a whole number)"));
  EXPECT_THAT(why(read_all(rust_status(R"("t-1":{})"))), HasSubstr(R"(machines."t-1".stats: missing)"));
}

TEST(RustDocuments, TwoMachinesOfOneNameAreSaid) {
  const auto queue = read_all(rust_status(builder("t-1", usual_stats(Seconds{1})), 2));
  EXPECT_THAT(queue->status.remarks, ElementsAre(HasSubstr("has 2 machines, but only 1 names")));
}

TEST(RustDocuments, OfEqualNamesSayWhetherAHiddenMachineMayHaveSteps) {
  const auto may_be_busy = [](std::int64_t jobs, const std::string& in_use) {
    const std::string stats = fmt::format(R"("currentJobs":{},"lastPing":1)", jobs);
    std::string status = rust_status(builder("t-1", stats), 2);
    status.replace(status.find(R"("machinesTotal")"), 0, in_use);
    const QueueStatus read = read_all(status).value().status;
    EXPECT_TRUE(read.hides_machines);
    return read.hidden_may_be_busy;
  };
  EXPECT_FALSE(may_be_busy(0, R"("machinesInUse":0,)"));
  EXPECT_FALSE(may_be_busy(3, R"("machinesInUse":1,)"));
  EXPECT_TRUE(may_be_busy(0, R"("machinesInUse":1,)"));
  EXPECT_TRUE(may_be_busy(3, R"("machinesInUse":2,)"));
  EXPECT_TRUE(may_be_busy(0, "")) << "that is not known";
}

// A step is among its jobs before it is counted.
TEST(RustDocuments, CountTheMachinesInUseAsTheQueueRunnerDoes) {
  std::string machine = builder("t-1", usual_stats(Seconds{1}));
  machine.replace(machine.find(R"("jobs":[])"), 9, R"("jobs":["a.drv"])");
  std::string status = rust_status(machine, 2);
  status.replace(status.find(R"("machinesTotal")"), 0, R"("machinesInUse":1,)");
  EXPECT_TRUE(read_all(status)->status.hidden_may_be_busy);
}

TEST(RustDocuments, SayWhenAMachineConnected) {
  const auto joined_at = [](const std::string& uptime) {
    std::string machine = builder("t-1", usual_stats(Seconds{1}));
    machine.replace(machine.find(R"("systems")"), 0, uptime);
    return read_all(rust_status(machine)).value().status.machines->at("t-1").joined_at;
  };
  EXPECT_EQ(joined_at(R"("uptime":99.5,)"), noon - Seconds{100});
  EXPECT_EQ(joined_at(""), std::nullopt);
}

TEST(RustDocuments, WaitingStepsAreThoseThatMayStart) {
  const std::string queues = fmt::format(
      R"({{"queues":{{"x86_64-linux":[{},{},{},{},{},{}],"builtin":[{}]}}}})", step("waits"),
      R"({"drvPath":"runs.drv","alreadyScheduled":true,"runnable":true,"lowestBuildId":7})",
      R"({"drvPath":"done.drv","alreadyScheduled":false,"runnable":true,"finished":true,"lowestBuildId":7})",
      R"({"drvPath":"cancelled.drv","alreadyScheduled":false,"runnable":true,"cancelled":true,"lowestBuildId":7})",
      R"({"drvPath":"blocked.drv","alreadyScheduled":false,"runnable":false,"lowestBuildId":7})",
      R"({"drvPath":"doubtful.drv","alreadyScheduled":false,"runnable":true,"lowestBuildId":8})", step("fetch"));
  auto queue = read_all(rust_status(""), queues);
  ASSERT_TRUE(queue) << queue.error().message;
  RequiredFeatures features;
  for (const QueuedStep& each : queue->steps) features.emplace(each.derivation, std::set<std::string>{});
  features["waits.drv"] = std::set<std::string>{"kvm", "big"};
  const QueueStatus status = with_step_types(*std::move(queue), features);
  std::vector<std::string> types;
  for (const StepTypeCount& type : status.step_types)
    types.push_back(fmt::format("{} {}+{}", type.key, type.runnable, type.running));
  EXPECT_THAT(types, ElementsAre("builtin 1+0", "x86_64-linux 0+1", "x86_64-linux:big,kvm 1+0"));
}

std::string step_of_build(const std::string& name, std::int64_t build, bool is_running = false) {
  return fmt::format(R"({{"drvPath":"{}.drv","alreadyScheduled":{},"runnable":true,"lowestBuildId":{}}})", name,
                     is_running, build);
}

std::vector<std::string> names_of_steps(const std::vector<QueuedStep>& steps) {
  std::vector<std::string> names;
  for (const QueuedStep& each : steps) names.push_back(each.derivation);
  return names;
}

TEST(RustDocuments, AWaitingStepWhoseLowestBuildHasEndedIsDoubtful) {
  const std::string queues = fmt::format(R"({{"queues":{{"x86_64-linux":[{},{},{},{}]}}}})", step_of_build("of-7", 7),
                                         step_of_build("of-5", 5), step_of_build("runs", 5, true),
                                         step_of_build("of-no-build-yet", 2147483647));
  const auto queue = read_all(rust_status(""), queues);
  ASSERT_TRUE(queue) << queue.error().message;
  EXPECT_THAT(names_of_steps(queue->steps), ElementsAre("of-7.drv", "runs.drv", "of-no-build-yet.drv"));
  EXPECT_THAT(names_of_steps(queue->doubtful), ElementsAre("of-5.drv"));
}

TEST(RustDocuments, BuildsAreGivenByTheirDerivationsTheOldestFirst) {
  const auto queue = read_all(rust_status(""), no_steps,
                              R"({"builds":[{"id":9,"drvPath":"new.drv"},{"id":8},{"id":7,"drvPath":"old.drv"}]})");
  ASSERT_TRUE(queue) << queue.error().message;
  EXPECT_THAT(queue->builds, ElementsAre("old.drv", "new.drv"));
}

TEST(RustDocuments, StepsWhoseFeaturesAreNotKnownAreSaid) {
  auto queue = read_all(rust_status(""), R"({"queues":{"x86_64-linux":[)" + step("a") + "]}}");
  RequiredFeatures features;
  features.emplace("a.drv", failure("/nix/store/a.drv is not in this host's store; see queue.storeCommand"));
  const QueueStatus status = with_step_types(*std::move(queue), features);
  EXPECT_TRUE(status.step_types.empty());
  EXPECT_THAT(status.remarks, ElementsAre("1 step is not counted, because the features that it requires are not known: "
                                          "/nix/store/a.drv is not in this host's store; see queue.storeCommand"));
}

}  // namespace
}  // namespace hydra_provisioner::observe
