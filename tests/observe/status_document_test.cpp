#include "observe/status_document.hpp"

#include <string>
#include <vector>

#include <fmt/format.h>
#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include "tests/support/big_status.hpp"
#include "tests/support/usual.hpp"

namespace hydra_provisioner::observe {
namespace {

using support::noon;

// A valid document of a queue runner that started at 11:00, with `rest` at its end.
std::string document(std::string_view rest) {
  return fmt::format(R"({{"status":"up","time":{},"uptime":3600{}{}}})", to_unix(noon), rest.empty() ? "" : ",", rest);
}

std::string why_not(std::string_view text) {
  const Queue queue = read_status_document(text, noon);
  return queue ? "trusted" : queue.error().why;
}

QueueStatus trusted(std::string_view text) {
  Queue queue = read_status_document(text, noon);
  if (!queue) ADD_FAILURE() << queue.error().why;
  return queue ? *queue : QueueStatus{};
}

std::string with_machines(std::string_view machines) {
  return document(
      fmt::format(R"("machineTypes":{{"x86_64-linux":{{"runnable":0,"running":0}}}},"machines":{})", machines));
}

TEST(StatusDocument, CountsStepsByStepType) {
  const auto status = trusted(document(R"("machineTypes":{"x86_64-linux:kvm,local":{"runnable":3,"running":1},)"
                                       R"("i686-linux":{"runnable":0,"running":2}})"));
  ASSERT_EQ(status.step_types.size(), 2u);
  EXPECT_EQ(status.step_types[0].key, "i686-linux");
  EXPECT_EQ(status.step_types[0].running, 2);
  EXPECT_EQ(status.step_types[1].key, "x86_64-linux:kvm,local");
  EXPECT_EQ(status.step_types[1].type, (StepType{"x86_64-linux", {"kvm"}}));
  EXPECT_EQ(status.step_types[1].runnable, 3);
  EXPECT_EQ(status.time, noon);
  EXPECT_EQ(status.arrived, noon);
}

TEST(StatusDocument, CountsNoRunnableStepsWhereNothingIsUnfinished) {
  const std::string types = R"(,"machineTypes":{"x86_64-linux":{"runnable":2,"running":1}})";
  const auto runnable = [&](const std::string& counts) {
    return trusted(document(counts + types)).step_types[0].runnable;
  };
  EXPECT_EQ(runnable(R"("nrQueuedBuilds":0,"nrUnfinishedSteps":0)"), 0) << "left over from aborted steps";
  EXPECT_EQ(runnable(R"("nrQueuedBuilds":1,"nrUnfinishedSteps":0)"), 2);
  EXPECT_EQ(runnable(R"("nrQueuedBuilds":0,"nrUnfinishedSteps":1)"), 2);
  EXPECT_EQ(runnable(R"("nrQueuedBuilds":0)"), 2);
}

TEST(StatusDocument, KnowsOnlyWhatAMachinesEntrySays) {
  const auto status = trusted(with_machines(
      R"({"root@a":{"enabled":false,"currentJobs":0,"idleSince":1795453000},"root@b":{"currentJobs":2},"root@c":{}})"));
  ASSERT_TRUE(status.machines);
  const auto& machines = *status.machines;
  EXPECT_EQ(machines.at("root@a").enabled, false);
  EXPECT_EQ(machines.at("root@a").current_jobs, 0);
  EXPECT_EQ(machines.at("root@a").idle_since, from_unix(1795453000));
  EXPECT_EQ(machines.at("root@b").enabled, std::nullopt);
  EXPECT_EQ(machines.at("root@b").current_jobs, 2);
  EXPECT_EQ(machines.at("root@b").idle_since, std::nullopt);
  EXPECT_EQ(machines.at("root@c").current_jobs, std::nullopt);
}

TEST(StatusDocument, AddsUpTheHistoryOfMachinesOfAKind) {
  const auto status = trusted(with_machines(
      R"({"root@a":{"systemTypes":["x86_64-linux","i686-linux"],"mandatoryFeatures":[],)"
      R"("nrStepsDone":2,"totalStepTime":30},)"
      R"("root@b":{"systemTypes":["i686-linux","x86_64-linux"],"mandatoryFeatures":[],)"
      R"("nrStepsDone":3,"totalStepTime":5},)"
      R"("root@c":{"systemTypes":["x86_64-linux"],"mandatoryFeatures":["kvm"],"nrStepsDone":1,"totalStepTime":9},)"
      R"("root@d":{"systemTypes":["x86_64-linux"],"mandatoryFeatures":["kvm"],"nrStepsDone":0}})"));
  EXPECT_EQ(status.history, (std::vector<StepHistory>{{{"i686-linux", "x86_64-linux"}, {}, 5, Seconds{35}},
                                                      {{"x86_64-linux"}, {"kvm"}, 1, Seconds{9}}}));
}

TEST(StatusDocument, TellsKindsOfMachinesBySupportedFeaturesIfItSaysThem) {
  const auto status = trusted(
      with_machines(R"({"root@a":{"systemTypes":["s"],"supportedFeatures":["kvm"],"mandatoryFeatures":[],)"
                    R"("nrStepsDone":2,"totalStepTime":30},)"
                    R"("root@b":{"systemTypes":["s"],"supportedFeatures":[],"mandatoryFeatures":[],)"
                    R"("nrStepsDone":3,"totalStepTime":5},)"
                    R"("root@c":{"systemTypes":["s"],"mandatoryFeatures":[],"nrStepsDone":1,"totalStepTime":9}})"));
  ASSERT_EQ(status.history.size(), 3u);
  EXPECT_EQ(status.history[0].supported_features, std::nullopt);
  EXPECT_EQ(status.history[1].supported_features, std::set<std::string>{});
  EXPECT_EQ(status.history[2].supported_features, std::set<std::string>{"kvm"});
}

TEST(StatusDocument, KnowsWhatAMachineCanBuildIfTheEntrySaysAllOfIt) {
  const auto status = trusted(with_machines(
      R"({"root@a":{"systemTypes":["x86_64-linux"],"supportedFeatures":["big","kvm"],"mandatoryFeatures":["kvm"]},)"
      R"("root@b":{"systemTypes":["x86_64-linux"],"mandatoryFeatures":[]},)"
      R"("root@c":{"systemTypes":1,"supportedFeatures":[],"mandatoryFeatures":[]}})"));
  EXPECT_EQ(entry_of(status, "root@a")->kind, (MachineKind{{"x86_64-linux"}, {"big", "kvm"}, {"kvm"}}));
  EXPECT_EQ(entry_of(status, "root@b")->kind, std::nullopt);
  EXPECT_EQ(entry_of(status, "root@c")->kind, std::nullopt);
}

TEST(StatusDocument, IsTrustedWithAWrongHistory) {
  const auto status = trusted(with_machines(
      R"({"root@a":{"systemTypes":"all","mandatoryFeatures":[],"nrStepsDone":2,"totalStepTime":30},)"
      R"("root@b":{"systemTypes":[1],"mandatoryFeatures":[],"nrStepsDone":2,"totalStepTime":30},)"
      R"("root@c":{"systemTypes":["s"],"mandatoryFeatures":null,"nrStepsDone":2,"totalStepTime":30},)"
      R"("root@d":{"systemTypes":["s"],"mandatoryFeatures":[],"nrStepsDone":-2,"totalStepTime":30},)"
      R"("root@e":{"systemTypes":["s"],"mandatoryFeatures":[],"nrStepsDone":2,"totalStepTime":1.5e300}})"));
  EXPECT_EQ(status.history, std::vector<StepHistory>{});
  EXPECT_EQ(status.machines->size(), 5u);
}

TEST(StatusDocument, ReadsTheFailuresOfAMachine) {
  const auto status =
      trusted(with_machines(R"({"root@a":{"lastFailure":1795453449},"root@b":{"lastFailure":"junk"},"root@c":{}})"));
  EXPECT_EQ(entry_of(status, "root@a")->last_failure, from_unix(1795453449));
  EXPECT_EQ(entry_of(status, "root@b")->last_failure, std::nullopt) << "no reason to distrust the rest";
  EXPECT_EQ(entry_of(status, "root@c")->last_failure, std::nullopt);
}

TEST(StatusDocument, IdleSinceZeroIsTheEpoch) {
  const auto status = trusted(with_machines(R"({"root@a":{"currentJobs":0,"idleSince":0}})"));
  EXPECT_EQ(status.machines->at("root@a").idle_since, Instant{});
}

TEST(StatusDocument, IgnoresUnknownKeys) {
  EXPECT_EQ(
      why_not(document(
          R"("machineTypes":{"x86_64-linux":{"runnable":0,"running":0,"waitTime":"?"}},"jobsets":null,"s3":[1])")),
      "trusted");
}

// Documents that are not trusted.

TEST(StatusDocument, WhatIsNotJsonIsNotTrusted) {
  const std::string why = why_not("{\"status\": up}");
  EXPECT_TRUE(why.starts_with("the status is not usable JSON: ")) << why;
  EXPECT_TRUE(why.contains("line 1")) << why;
  EXPECT_TRUE(why.contains("column")) << why;
  EXPECT_NE(why_not(""), "trusted");
  EXPECT_NE(why_not(document("") + "x"), "trusted");
}

TEST(StatusDocument, WhatIsNotAnObjectIsNotTrusted) {
  EXPECT_EQ(why_not("[]"), "the status: an empty list is not an object");
  EXPECT_EQ(why_not("null"), "the status: null is not an object");
}

TEST(StatusDocument, DeepNestingIsNotTrusted) {
  const std::string deep = std::string(100'000, '[') + std::string(100'000, ']');
  const std::string why = why_not(document("\"machineTypes\":" + deep));
  EXPECT_TRUE(why.starts_with("the status is not usable JSON: ")) << why;
}

TEST(StatusDocument, TwoEqualKeysAreNotTrusted) {
  EXPECT_NE(why_not(with_machines(R"({"root@a":{"currentJobs":2},"root@a":{"currentJobs":0}})")), "trusted");
}

TEST(StatusDocument, AQueueRunnerThatIsDownIsNotTrusted) {
  EXPECT_EQ(why_not(R"({"status":"down"})"),
            "status: the queue runner says that it is \"down\"; start hydra-queue-runner");
}

TEST(StatusDocument, AnythingButUpIsNotTrusted) {
  EXPECT_EQ(why_not(R"({"status":"unknown"})"), "status: \"unknown\" is not \"up\"");
  EXPECT_EQ(why_not(R"({"status":true})"), "status: true is not \"up\"");
  EXPECT_EQ(why_not("{}"), "status: missing, expected \"up\"; is this the output of hydra-queue-runner --status?");
}

TEST(StatusDocument, TheRustQueueRunnerIsNamed) {
  EXPECT_EQ(why_not(R"({"queueRunner":{"status":"up"},"machines":{}})"),
            "the status is one of the Rust queue runner (Hydra since March 2026); set queue.type = \"hydra-rust\"");
}

std::string at(std::int64_t time) {
  return fmt::format(R"({{"status":"up","time":{},"uptime":1,"machineTypes":{{}},"nrRunnableSteps":0}})", time);
}

TEST(StatusDocument, ATimeThatIsTwoMinutesOffIsTrusted) {
  EXPECT_EQ(why_not(at(to_unix(noon) - 120)), "trusted");
  EXPECT_EQ(why_not(at(to_unix(noon) + 120)), "trusted");
}

TEST(StatusDocument, ATimeThatIsFurtherOffIsNotTrusted) {
  EXPECT_EQ(why_not(at(to_unix(noon) - 135)),
            "time: the status is 135 s behind our clock, and at most 120 s are allowed; does the queue runner hang, or "
            "is a clock wrong?");
  EXPECT_EQ(why_not(at(to_unix(noon) + 121)),
            "time: the status is 121 s ahead of our clock, and at most 120 s are allowed; is a clock wrong?");
}

TEST(StatusDocument, AWrongTimeIsNotTrusted) {
  EXPECT_EQ(why_not(R"({"status":"up"})"), "time: missing, expected a whole number");
  for (const std::string bad : {"\"12:00\"", "null", "-1", "1.5e300", "1795453200.5", "18446744073709551615", "[]"}) {
    EXPECT_TRUE(why_not(R"({"status":"up","time":)" + bad + "}").starts_with("time: ")) << bad;
  }
}

TEST(StatusDocument, WithoutStepTypesItIsNotTrusted) {
  EXPECT_EQ(why_not(document("")), "machineTypes: missing, so the waiting steps are not known");
  EXPECT_EQ(why_not(document("\"machineTypes\":null")), "machineTypes: null is not an object");
  EXPECT_EQ(why_not(document("\"machineTypes\":[]")), "machineTypes: an empty list is not an object");
}

TEST(StatusDocument, NoStepTypesAreTrustedOnlyWhileNothingWaits) {
  EXPECT_EQ(why_not(document(R"("machineTypes":{},"nrRunnableSteps":0)")), "trusted");
  EXPECT_EQ(why_not(document(R"("machineTypes":{},"nrRunnableSteps":3,"nrUnsupportedSteps":3)")), "trusted");
  EXPECT_EQ(why_not(document(R"("machineTypes":{},"nrRunnableSteps":8,"nrUnsupportedSteps":1)")),
            "machineTypes: empty, although nrRunnableSteps is 8 and nrUnsupportedSteps 1");
  EXPECT_EQ(why_not(document(R"("machineTypes":{},"nrRunnableSteps":1)")),
            "machineTypes: empty, although nrRunnableSteps is 1 and nrUnsupportedSteps 0");
  EXPECT_EQ(why_not(document(R"("machineTypes":{})")), "trusted") << "no steps are missing that we know of";
}

TEST(StatusDocument, WrongCountsAreNotTrusted) {
  const auto why_not_count = [](std::string_view entry) {
    return why_not(document(fmt::format(R"("machineTypes":{{"x86_64-linux:kvm":{}}})", entry)));
  };
  const std::string path = "machineTypes.\"x86_64-linux:kvm\"";
  EXPECT_EQ(why_not_count("{}"), path + ".runnable: missing, expected a whole number");
  EXPECT_EQ(why_not_count(R"({"runnable":1})"), path + ".running: missing, expected a whole number");
  EXPECT_EQ(why_not_count("null"), path + ": null is not an object");
  for (const std::string bad : {"-1", "1.5", "\"1\"", "null", "true", "1e30", "99999999999999999999"}) {
    EXPECT_TRUE(why_not_count(R"({"running":0,"runnable":)" + bad + "}").starts_with(path + ".runnable: ")) << bad;
    EXPECT_TRUE(why_not_count(R"({"runnable":0,"running":)" + bad + "}").starts_with(path + ".running: ")) << bad;
  }
}

TEST(StatusDocument, MachinesOfTheWrongTypeAreNotTrusted) {
  EXPECT_EQ(why_not(with_machines("[]")), "machines: an empty list is not an object");
  EXPECT_EQ(why_not(with_machines(R"({"root@a":null})")), "machines.\"root@a\": null is not an object");
  for (const std::string bad : {"\"yes\"", "null", "1"}) {
    EXPECT_TRUE(
        why_not(with_machines(R"({"root@a":{"enabled":)" + bad + "}}")).starts_with("machines.\"root@a\".enabled: "))
        << bad;
  }
  for (const std::string key : {"currentJobs", "idleSince"}) {
    for (const std::string bad : {"\"1\"", "null", "-1", "0.5", "false", "1e30"}) {
      EXPECT_TRUE(why_not(with_machines(fmt::format(R"({{"root@a":{{"{}":{}}}}})", key, bad)))
                      .starts_with(fmt::format("machines.\"root@a\".{}: ", key)))
          << bad;
    }
  }
}

TEST(StatusDocument, AKeyCannotBreakTheMessage) {
  const std::string why = why_not(with_machines(R"({"root@a\n\u001b[31m":{"enabled":1}})"));
  EXPECT_TRUE(why.starts_with("machines.")) << why;
  EXPECT_FALSE(why.contains('\n')) << why;
  EXPECT_FALSE(why.contains('\x1b')) << why;
}

RC_GTEST_PROP(StatusDocument, ADamagedDocumentIsReadOrRefusedOnOneLine, ()) {
  std::string text = support::big_status(3, noon);
  for (const auto& [place, byte] : *rc::gen::arbitrary<std::vector<std::pair<std::size_t, char>>>()) {
    text[place % text.size()] = byte;
  }
  const Queue queue = read_status_document(text, noon);
  RC_ASSERT((queue || (!queue.error().why.empty() && !queue.error().why.contains('\n'))));
}

// Versions of Hydra.

TEST(StatusDocument, MissingMachinesAreUnknown) {
  const std::string types = R"("machineTypes":{"x86_64-linux":{"runnable":0,"running":0}})";
  EXPECT_FALSE(trusted(document(types)).machines);
  EXPECT_FALSE(trusted(document(types + R"(,"machines":null)")).machines);
}

TEST(StatusDocument, AnEmptyObjectMeansNoMachines) {
  const auto status = trusted(with_machines("{}"));
  ASSERT_TRUE(status.machines);
  EXPECT_TRUE(status.machines->empty());
}

TEST(StatusDocument, AnEmptyObjectWhileStepsRunMeansUnknownMachines) {
  EXPECT_FALSE(
      trusted(document(R"("machineTypes":{"x86_64-linux":{"runnable":0,"running":1}},"machines":{})")).machines);
}

TEST(StatusDocument, ReadsTheQueueRunnerOf2015) {
  const auto status = trusted(document(
      R"("nrRunnableSteps":1,"machines":{"root@a":{"enabled":true,"currentJobs":0,"idleSince":0,"nrStepsDone":0}},)"
      R"("machineTypes":{"x86_64-linux":{"runnable":1,"running":0,"waitTime":3,"lastActive":0}})"));
  EXPECT_EQ(status.machines->at("root@a").enabled, true);
  EXPECT_EQ(status.step_types.at(0).runnable, 1);
}

TEST(StatusDocument, ConvertsStoreReferencesToTheNamesInTheMachinesFile) {
  const auto status = trusted(
      with_machines(R"({"ssh://root@a":{},"ssh-ng://root@b":{},"ssh://root@c?remote-store=x&y=ssh://z":{},)"
                    R"("ssh://root@[2001:db8::1]":{},"ssh://nix@a:2222?x=y":{},"ssh://root@[2001:db8::1]:2222":{},)"
                    R"("root@2001:db8::2":{},"ssh://localhost":{},"root@plain":{},"http://root@d":{}})"));
  std::vector<std::string> names;
  for (const auto& [name, machine] : *status.machines) names.push_back(name);
  EXPECT_EQ(names, (std::vector<std::string>{"http://root@d", "localhost", "nix@a:2222", "root@2001:db8::1",
                                             "root@2001:db8::2", "root@[2001:db8::1]:2222", "root@a", "root@b",
                                             "root@c", "root@plain"}));
}

TEST(StatusDocument, TwoEntriesOfOneMachineAreAsBusyAsBothTogether) {
  const auto machines =
      *trusted(with_machines(R"({"ssh://root@a":{"enabled":false,"currentJobs":1},)"
                             R"("ssh://root@a?x=y":{"enabled":true,"currentJobs":2},)"
                             R"("ssh://root@b":{"enabled":false,"currentJobs":0,"idleSince":7},)"
                             R"("ssh-ng://root@b":{"enabled":false,"currentJobs":0,"idleSince":9},)"
                             R"("ssh://root@c":{"enabled":false,"currentJobs":0,"idleSince":7},"root@c":{}})"))
           .machines;
  ASSERT_EQ(machines.size(), 3u);
  EXPECT_EQ(machines.at("root@a").enabled, true);
  EXPECT_EQ(machines.at("root@a").current_jobs, 3);
  EXPECT_EQ(machines.at("root@b").enabled, false);
  EXPECT_EQ(machines.at("root@b").current_jobs, 0);
  EXPECT_EQ(machines.at("root@b").idle_since, from_unix(9));
  EXPECT_EQ(machines.at("root@c").enabled, std::nullopt);
  EXPECT_EQ(machines.at("root@c").current_jobs, std::nullopt);
  EXPECT_EQ(machines.at("root@c").idle_since, std::nullopt);
}

TEST(StatusDocument, TheStartIsTheTimeMinusTheUptime) {
  const auto start = [](std::string_view uptime) {
    return trusted(fmt::format(R"({{"status":"up","time":{},"nrRunnableSteps":0,"machineTypes":{{}}{}}})",
                               to_unix(noon), uptime))
        .started;
  };
  EXPECT_EQ(start(R"(,"uptime":60)"), noon - Seconds{60});
  EXPECT_EQ(start(R"(,"uptime":0)"), noon);
  EXPECT_EQ(start(R"(,"uptime":59.2)"), noon - Seconds{60});
  for (const std::string_view unknown :
       {"", R"(,"uptime":-1)", R"(,"uptime":"60")", R"(,"uptime":null)", R"(,"uptime":1e300)"}) {
    EXPECT_EQ(start(unknown), std::nullopt) << unknown;
  }
}

TEST(StatusDocument, ReadsABigFarm) {
  const std::string text = support::big_status(10'000, noon);
  EXPECT_GT(text.size(), 4'500'000u);
  const auto status = trusted(text);
  ASSERT_TRUE(status.machines);
  EXPECT_EQ(status.machines->size(), 10'000u);
  EXPECT_EQ(status.machines->at("root@builder-9999.example.org").current_jobs, 4);
}

}  // namespace
}  // namespace hydra_provisioner::observe
