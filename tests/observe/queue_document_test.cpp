#include "observe/queue_document.hpp"

#include <gtest/gtest.h>

#include "observe/queue_source.hpp"

#include "tests/fakes/fake_clock.hpp"
#include "tests/support/await.hpp"

namespace hydra_provisioner::observe {
namespace {

constexpr std::int64_t now = 1'795'453'200;

Queue read_at(const std::string& text, std::int64_t arrived = now) {
  return read_queue_document(text, from_unix(arrived));
}

// A document with these members beside its time.
Queue read(const std::string& members) { return read_at(R"({"time": 1795453200, )" + members + "}"); }

std::string reason_against(const Queue& queue) { return queue ? "trusted" : queue.error().why; }

std::string reason_against_machine(const std::string& members) {
  return reason_against(read(R"("demand": [], "machines": [{"name": "root@a"}, {"name": "root@b", )" + members + "}]"));
}

TEST(QueueDocument, SaysWhatWaitsAndRuns) {
  const Queue queue = read(R"("demand": [{"system": "x86_64-linux", "waiting": 3},
      {"system": "x86_64-linux", "features": ["kvm", "benchmark"], "waiting": 1, "running": 2}])");
  ASSERT_TRUE(queue) << queue.error().why;
  EXPECT_EQ(queue->time, from_unix(now));
  EXPECT_TRUE(queue->from_program);
  EXPECT_FALSE(queue->machines_join);
  ASSERT_EQ(queue->step_types.size(), 2);
  EXPECT_EQ(queue->step_types[0].key, "x86_64-linux");
  EXPECT_EQ(queue->step_types[0].runnable, 3);
  EXPECT_EQ(queue->step_types[0].running, 0);
  EXPECT_EQ(queue->step_types[1].key, "x86_64-linux:benchmark,kvm");
  EXPECT_EQ(queue->step_types[1].type, parse_step_type("x86_64-linux:benchmark,kvm"));
  EXPECT_EQ(queue->step_types[1].running, 2);
}

TEST(QueueDocument, AddsUpEntriesOfOneType) {
  const Queue queue = read(R"("demand": [{"system": "s", "features": ["a", "b"], "waiting": 3, "running": 1},
      {"system": "s", "features": ["b", "a", "b"], "waiting": 4, "running": 1}])");
  ASSERT_TRUE(queue) << queue.error().why;
  ASSERT_EQ(queue->step_types.size(), 1);
  EXPECT_EQ(queue->step_types[0].runnable, 7);
  EXPECT_EQ(queue->step_types[0].running, 2);
}

TEST(QueueDocument, SaysWhatItsMachinesDo) {
  const Queue queue = read(R"("started": 1795450000, "demand": [], "machines": [
      {"name": "root@a", "jobs": 0, "listed": false, "idleSince": 1795453100, "failures": 2, "lastFailure": 1795453000},
      {"name": "ssh://root@[2001:db8::1]", "jobs": null, "listed": null, "idleSince": null}, {"name": "b"}])");
  ASSERT_TRUE(queue) << queue.error().why;
  EXPECT_EQ(queue->started, from_unix(1'795'450'000));
  ASSERT_TRUE(queue->machines);
  ASSERT_EQ(queue->machines->size(), 3);
  const QueueMachine& machine = queue->machines->at("root@a");
  EXPECT_EQ(machine.current_jobs, 0);
  EXPECT_EQ(machine.enabled, false);
  EXPECT_EQ(machine.idle_since, from_unix(1'795'453'100));
  EXPECT_EQ(machine.consecutive_failures, 2);
  EXPECT_EQ(machine.last_failure, from_unix(1'795'453'000));
  for (const char* name : {"root@2001:db8::1", "b"}) {
    const QueueMachine& unknown = queue->machines->at(name);
    EXPECT_EQ(unknown.current_jobs, std::nullopt) << "unknown is not 0";
    EXPECT_EQ(unknown.enabled, std::nullopt);
    EXPECT_EQ(unknown.idle_since, std::nullopt);
  }
}

TEST(QueueDocument, NeedNotNameMachines) {
  EXPECT_EQ(read(R"("demand": [])")->machines, std::nullopt);
  EXPECT_EQ(read(R"("demand": [], "machines": null)")->machines, std::nullopt);
  EXPECT_TRUE(read(R"("demand": [], "machines": [])")->machines);
}

TEST(QueueDocument, MayHaveKeysThatNobodyKnows) {
  const Queue queue =
      read(R"("x": {}, "demand": [{"system": "s", "waiting": 0, "x": 1}], "machines": [{"name": "a", "x": []}])");
  EXPECT_EQ(reason_against(queue), "trusted");
}

TEST(QueueDocument, IsNotTrustedIfItIsNone) {
  EXPECT_TRUE(reason_against(read_at("")).starts_with("the document is not usable JSON: "));
  EXPECT_EQ(reason_against(read_at("[]")), "the document: an empty list is not an object");
  EXPECT_EQ(reason_against(read_at(R"({"demand": []})")), "time: missing, expected a whole number");
}

TEST(QueueDocument, IsNotTrustedIfItsTimeIsWrong) {
  const std::string text = R"({"time": 1795453200, "demand": []})";
  for (const std::int64_t difference : {-120, 120})
    EXPECT_EQ(reason_against(read_at(text, now + difference)), "trusted");
  for (const std::int64_t difference : {-121, 121})
    EXPECT_TRUE(reason_against(read_at(text, now + difference)).starts_with("time: the status is 121 s "))
        << difference;
  EXPECT_EQ(reason_against(read(R"("started": 1795453201, "demand": [])")),
            "started: 1 s later than time, expected an earlier time");
  EXPECT_EQ(reason_against(read(R"("started": 0, "demand": [])")),
            "started: 0 is no time; leave it out if it is not known");
}

TEST(QueueDocument, SaysWhereItsDemandIsWrong) {
  const auto wrong = [](const std::string& entry) {
    return reason_against(read(R"("demand": [{"system": "s", "waiting": 0}, )" + entry + "]"));
  };
  EXPECT_EQ(reason_against(read(R"("machines": [])")), "demand: missing, expected a list");
  EXPECT_EQ(reason_against(read(R"("demand": {})")), "demand: an empty object is not a list");
  EXPECT_EQ(wrong("3"), "demand[1]: 3 is not an object");
  EXPECT_EQ(wrong(R"({"waiting": 1})"), "demand[1].system: missing, expected a string");
  EXPECT_TRUE(wrong(R"({"system": 1, "waiting": 1})").starts_with("demand[1].system: 1 "));
  EXPECT_TRUE(wrong(R"({"system": "", "waiting": 1})").starts_with("demand[1].system: \"\" is not a name"));
  EXPECT_TRUE(wrong(R"({"system": "a:b", "waiting": 1})").starts_with("demand[1].system: \"a:b\" is not a name"));
  EXPECT_EQ(wrong(R"({"system": "s"})"), "demand[1].waiting: missing, expected a whole number");
  EXPECT_TRUE(wrong(R"({"system": "s", "waiting": -1})").starts_with("demand[1].waiting: -1 "));
  EXPECT_TRUE(wrong(R"({"system": "s", "waiting": 1.5})").starts_with("demand[1].waiting: 1.5 "));
  EXPECT_TRUE(wrong(R"({"system": "s", "waiting": 1, "running": null})").starts_with("demand[1].running: null "));
  EXPECT_TRUE(wrong(R"({"system": "s", "waiting": 1, "features": "kvm"})").starts_with("demand[1].features: \"kvm\" "));
  EXPECT_TRUE(wrong(R"({"system": "s", "waiting": 1, "features": ["a,b"]})")
                  .starts_with("demand[1].features: \"a,b\" is not a name"));
}

TEST(QueueDocument, SaysWhereItsMachinesAreWrong) {
  EXPECT_TRUE(reason_against(read(R"("demand": [], "machines": {})")).starts_with("machines: "));
  EXPECT_EQ(reason_against(read(R"("demand": [], "machines": [{}])")), "machines[0].name: missing, expected a string");
  EXPECT_TRUE(
      reason_against(read(R"("demand": [], "machines": [{"name": "a b"}])")).starts_with("machines[0].name: \"a b\" "));
  EXPECT_TRUE(reason_against_machine(R"("jobs": "2")").starts_with("machines[1].jobs: \"2\" "));
  EXPECT_TRUE(reason_against_machine(R"("listed": 0)").starts_with("machines[1].listed: 0 "));
  EXPECT_TRUE(reason_against_machine(R"("failures": -1)").starts_with("machines[1].failures: -1 "));
  EXPECT_TRUE(reason_against_machine(R"("lastFailure": true)").starts_with("machines[1].lastFailure: true "));
  EXPECT_EQ(reason_against_machine(R"("idleSince": 0)"),
            "machines[1].idleSince: 0 is no time; leave it out if it is not known");
}

TEST(QueueDocument, NamesNoMachineTwice) {
  EXPECT_EQ(reason_against(read(R"("demand": [], "machines": [{"name": "root@a"}, {"name": "ssh://root@a"}])")),
            "machines[1].name: \"ssh://root@a\" is there twice");
}

TEST(QueueDocument, IsPrintedByTheCommandOfTheQueue) {
  fakes::FakeClock clock;
  Config config;
  config.queue.command = {"echo", "{}"};
  EXPECT_EQ(reason_against(support::await(queue_command(config, clock)->read())),
            "time: missing, expected a whole number");
}

}  // namespace
}  // namespace hydra_provisioner::observe
