#include <string>
#include <vector>

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "app/cli/texts.hpp"
#include "pass/documents.hpp"
#include "tests/support/usual.hpp"

namespace hydra_provisioner::app {
namespace {

using nlohmann::json;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::Not;

using support::noon;

Action action(ActionKind kind, std::int64_t number, const std::string& why, const std::string& pool = "x86_64-linux") {
  return {.kind = kind,
          .machine = MachineId{fmt::format("hydra-provisioned-{}", number)},
          .pool = PoolName{pool},
          .reason = {ReasonCode::needed, why, {}}};
}

PoolPlan x86_64() {
  return {.name = PoolName{"x86_64-linux"},
          .runnable = 37,
          .running = 5,
          .ignored = 5,
          .wanted = 4,
          .target = 3,
          .machines = 2,
          .explanation = "37 runnable, 5 ignored, 10 per machine → 4 wanted, 3 allowed (max 3)",
          .notes = {}};
}

Plan example() {
  Plan plan;
  plan.time = noon;
  plan.pools = {x86_64()};
  plan.actions = {
      action(ActionKind::create, 14, "1 of 2 new machines"), action(ActionKind::start, 9, "stopped; warm store"),
      action(ActionKind::drain, 3, "surplus, idle 912 s ≥ grace 600 s"), action(ActionKind::keep, 11, "busy: 2 jobs")};
  return plan;
}

Machine machine(std::int64_t number, MachineState state) {
  Machine machine;
  machine.id = MachineId{fmt::format("hydra-provisioned-{}", number)};
  machine.pool = PoolName{"x86_64-linux"};
  machine.state = state;
  machine.since = machine.requested_at = noon - Seconds{90};
  machine.address = fmt::format("10.0.0.{}", number);
  machine.instance = InstanceId{"i-0123"};
  return machine;
}

// A busy one, an idle one, and one that boots.
pass::Look farm() {
  pass::Look look;
  look.seen.now = noon;
  look.seen.machines = {machine(1, MachineState::ready), machine(2, MachineState::ready),
                        machine(3, MachineState::creating)};
  look.seen.machines[0].listing.is_listed = look.seen.machines[1].listing.is_listed = true;
  look.seen.machines[2].address = "";
  look.seen.machines[2].last_error = "connection refused";
  QueueStatus status;
  status.time = status.arrived = noon;
  status.started = noon - Seconds{86'400};
  status.machines.emplace();
  (*status.machines)["root@10.0.0.1"] = {.enabled = true, .current_jobs = 1, .idle_since = {}};
  (*status.machines)["root@10.0.0.2"] = {.enabled = true, .current_jobs = 0, .idle_since = noon - Seconds{60}};
  look.seen.queue = status;
  return look;
}

std::vector<std::string> keys(const json& object) {
  std::vector<std::string> keys;
  for (const auto& [key, value] : object.items()) keys.push_back(key);
  return keys;
}

// Plans.

TEST(PlanText, ReadsLikeTheExampleInTheDocuments) {
  EXPECT_EQ(plan_text(example(), {}),
            "x86_64-linux             37 runnable, 5 ignored, 10 per machine → 4 wanted, 3 allowed (max 3)\n"
            "  + create  hydra-provisioned-14         1 of 2 new machines\n"
            "  ~ start   hydra-provisioned-9          stopped; warm store\n"
            "  » drain   hydra-provisioned-3          surplus, idle 912 s ≥ grace 600 s\n"
            "  = keep    hydra-provisioned-11         busy: 2 jobs\n"
            "Plan: 1 to create, 1 to start, 1 to drain, 0 to destroy.\n"
            "  + create    a new machine\n"
            "  ~ start     a stopped machine\n"
            "  » drain     it gets no new steps, and leaves once it is idle\n"
            "  = keep      it stays as it is, for now\n");
}

TEST(PlanText, HasAMarkForEveryAction) {
  Plan plan = example();
  plan.actions = {action(ActionKind::undrain, 1, "needed again"), action(ActionKind::stop, 2, "surplus"),
                  action(ActionKind::destroy, 3, "surplus")};
  EXPECT_EQ(plan_text(plan, {}),
            "x86_64-linux             37 runnable, 5 ignored, 10 per machine → 4 wanted, 3 allowed (max 3)\n"
            "  « undrain hydra-provisioned-1          needed again\n"
            "  □ stop    hydra-provisioned-2          surplus\n"
            "  - destroy hydra-provisioned-3          surplus\n"
            "Plan: 0 to create, 0 to start, 0 to drain, 1 to undrain, 1 to stop, 1 to destroy.\n"
            "  « undrain   it gets steps again\n"
            "  □ stop      it is proven idle, and can be started again\n"
            "  - destroy   it is proven idle, or of no use\n");
}

TEST(PlanText, PutsEachActionUnderItsPool) {
  Plan plan = example();
  plan.pools = {x86_64(), x86_64(), x86_64()};
  plan.pools[0].name = PoolName{"aarch64-linux"};
  plan.pools[2].name = PoolName{"x86_64-linux:kvm"};
  plan.pools[2].notes = {"no creations for another 30 s"};
  for (PoolPlan& pool : plan.pools) pool.explanation = "…";
  plan.actions = {action(ActionKind::create, 1, "a", "x86_64-linux"),
                  action(ActionKind::keep, 2, "b", "x86_64-linux:kvm")};
  EXPECT_EQ(plan_text(plan, {}),
            "aarch64-linux            …\n"
            "x86_64-linux             …\n"
            "  + create  hydra-provisioned-1          a\n"
            "x86_64-linux:kvm         …\n"
            "  ! no creations for another 30 s\n"
            "  = keep    hydra-provisioned-2          b\n"
            "Plan: 1 to create, 0 to start, 0 to drain, 0 to destroy.\n"
            "  + create    a new machine\n"
            "  = keep      it stays as it is, for now\n");
}

TEST(PlanText, BeginsWithWhatIsWrongWithTheQueue) {
  Plan plan;
  plan.untrusted = "hydra-queue-runner exited with 1";
  plan.unplaceable = {{"aarch64-linux:big-parallel", 3}};
  EXPECT_EQ(plan_text(plan, {}),
            "status not trusted: hydra-queue-runner exited with 1\n"
            "aarch64-linux:big-parallel 3 runnable, and no configured type fits\n"
            "Plan: 0 to create, 0 to start, 0 to drain, 0 to destroy.\n");
}

TEST(PlanText, SaysTheSameInColor) {
  Plan plan = example();
  plan.untrusted = "down";
  plan.unplaceable = {{"armv7l-linux", 1}};
  plan.pools[0].notes = {"back-off"};
  const std::string colored = plan_text(plan, {.color = true});
  EXPECT_THAT(colored, HasSubstr("\033[32m+ create"));
  std::string plain;
  for (std::size_t i = 0; i < colored.size(); ++i) {
    if (colored[i] == '\033')
      i = colored.find('m', i);
    else
      plain += colored[i];
  }
  EXPECT_EQ(plain, plan_text(plan, {}));
  EXPECT_THAT(plan_text(plan, {}), Not(HasSubstr("\033")));
}

TEST(PlanText, FitsTheTerminal) {
  Plan plan = example();
  plan.actions = {action(ActionKind::drain, 3, "surplus, idle 912 s ≥ grace 600 s")};
  plan.pools[0].notes = {"no creations for another 30 s: back-off of 30 s, passes in a row whose creations failed: 1"};
  plan.untrusted = "hydra-queue-runner exited with 1: \"error: queue runner did not respond\"";
  EXPECT_EQ(plan_text(plan, {.width = 60}),
            "status not trusted: hydra-queue-runner exited with 1:\n"
            "  \"error: queue runner did not respond\"\n"
            "x86_64-linux             37 runnable, 5 ignored, 10 per\n"
            "    machine → 4 wanted, 3 allowed (max 3)\n"
            "  ! no creations for another 30 s: back-off of 30 s, passes\n"
            "    in a row whose creations failed: 1\n"
            "  » drain   hydra-provisioned-3          surplus, idle 912 s\n"
            "      ≥ grace 600 s\n"
            "Plan: 0 to create, 0 to start, 1 to drain, 0 to destroy.\n"
            "  » drain     it gets no new steps, and leaves once it is idle\n");
}

TEST(PlanDocument, HasTheKeysThatProgramsRelyOn) {
  Plan plan = example();
  plan.unplaceable = {{"armv7l-linux", 2}};
  plan.reconsider_at = noon + Seconds{30};
  const json document = pass::plan_document(plan);
  EXPECT_THAT(keys(document), ElementsAre("actions", "formatVersion", "notes", "pools", "queue", "reconsiderAt",
                                          "summary", "time", "unplaceable"));
  EXPECT_EQ(document["formatVersion"], 1);
  EXPECT_EQ(document["time"], to_unix(noon));
  EXPECT_EQ(document["reconsiderAt"], to_unix(noon) + 30);
  EXPECT_EQ(document["pools"][0], json::parse(R"({"name": "x86_64-linux", "runnable": 37, "running": 5, "ignored": 5,
                                                  "wanted": 4, "target": 3, "machines": 2, "notes": [],
                                                  "held": null})"));
  EXPECT_EQ(document["unplaceable"], json::parse(R"([{"stepType": "armv7l-linux", "runnable": 2}])"));
  EXPECT_EQ(document["actions"][0], json::parse(R"({"action": "create", "machine": "hydra-provisioned-14",
                                                    "pool": "x86_64-linux", "reason": "1 of 2 new machines",
                                                    "code": "needed"})"));
  EXPECT_EQ(document["summary"], json::parse(R"({"create": 1, "start": 1, "drain": 1, "undrain": 0, "stop": 0,
                                                 "destroy": 0, "redeploy": 0, "keep": 1})"));
}

// Else passes that earlier versions recorded would seem to have decided otherwise.
TEST(RecordedPlan, HasNoKeysThatEarlierVersionsDidNotKnow) {
  const json plan = pass::recorded_plan(example());
  EXPECT_THAT(keys(plan["actions"][0]), ElementsAre("action", "machine", "pool", "reason"));
  EXPECT_THAT(keys(plan["pools"][0]),
              ElementsAre("ignored", "machines", "name", "notes", "runnable", "running", "target", "wanted"));
}

TEST(PlanDocument, HasAllItsKeysWhenThereIsNothingToSay) {
  const json document = pass::plan_document(Plan{});
  EXPECT_EQ(document["pools"], json::array());
  EXPECT_EQ(document["actions"], json::array());
  EXPECT_EQ(document["unplaceable"], json::array());
  EXPECT_EQ(document["reconsiderAt"], nullptr);
  EXPECT_EQ(document["summary"]["keep"], 0);
}

// The state of things.

TEST(StatusDocument, HasTheKeysThatProgramsRelyOn) {
  const json document = pass::status_document(farm(), example());
  EXPECT_THAT(keys(document),
              ElementsAre("foreign", "formatVersion", "machines", "notes", "orders", "pools", "queue", "time"));
  EXPECT_EQ(document["formatVersion"], 1);
  EXPECT_EQ(document["queue"], json::parse(R"({"trusted": true, "why": ""})"));
  EXPECT_EQ(document["pools"][0]["runnable"], 37);
  EXPECT_EQ(document["machines"][0], (json{{"id", "hydra-provisioned-1"},
                                           {"pool", "x86_64-linux"},
                                           {"provider", "local"},
                                           {"instance", "i-0123"},
                                           {"notedAs", "hydra-provisioned-1"},
                                           {"state", "ready"},
                                           {"since", to_unix(noon) - 90},
                                           {"listed", true},
                                           {"address", "10.0.0.1"},
                                           {"currentJobs", 1},
                                           {"idleSince", nullptr},
                                           {"lastError", ""},
                                           {"action", nullptr},
                                           {"reason", ""},
                                           {"code", nullptr}}));
  EXPECT_EQ(document["machines"][1]["currentJobs"], 0);
  EXPECT_EQ(document["machines"][1]["idleSince"], to_unix(noon) - 60);
  EXPECT_EQ(document["machines"][2]["currentJobs"], nullptr);
  EXPECT_EQ(document["machines"][2]["lastError"], "connection refused");
}

TEST(StatusDocument, SaysWhyTheQueueIsNotTrusted) {
  pass::Look look = farm();
  look.seen.queue = std::unexpected(Untrusted{"it is down"});
  Plan plan = example();
  plan.untrusted = "it is down";
  const json document = pass::status_document(look, plan);
  EXPECT_EQ(document["queue"], json::parse(R"({"trusted": false, "why": "it is down"})"));
  EXPECT_EQ(document["machines"][0]["currentJobs"], nullptr);
}

}  // namespace
}  // namespace hydra_provisioner::app
