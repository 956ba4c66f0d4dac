#include "review/explain.hpp"

#include <algorithm>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "decide/plan.hpp"
#include "tests/support/usual.hpp"

namespace hydra_provisioner::review {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

using support::noon;
using support::plain;

Replayed farm(std::int64_t runnable) {
  Replayed pass;
  PoolConfig pool;
  pool.name = plain;
  pool.type = parse_system_type(plain.text).value();
  pool.max_machines = 2;
  pool.runnables_per_machine = 5;
  pool.ignored_runnables = 3;
  pass.inputs.config.pools.emplace(plain, pool);
  pass.inputs.seen.now = noon;
  QueueStatus status{.time = noon, .arrived = noon, .started = {}, .step_types = {}, .machines = {}};
  status.step_types = {{.key = "x86_64-linux", .type = parse_step_type("x86_64-linux"), .runnable = runnable}};
  status.machines.emplace();
  pass.inputs.seen.queue = status;
  return pass;
}

Explanation explained(Replayed pass) {
  pass.plan = decide::plan(pass.inputs.seen, pass.inputs.config);
  return explain_type(plain, pass);
}

std::string change(const Explanation& explanation, const std::string& what) {
  const auto found = std::ranges::find(explanation.changes, what, &Change::what);
  return found == explanation.changes.end() ? "(not tried)" : found->result;
}

TEST(Explain, SaysThatTheMaximumBindsAndThatAHigherOneWouldHelp) {
  const Explanation explanation = explained(farm(14));
  EXPECT_THAT(explanation.binding, ElementsAre("maxMachines 2"));
  EXPECT_EQ(change(explanation, "maxMachines 3 instead of 2"), "3 allowed; create 3");
}

std::string limits(Replayed pass) { return limit_lines(explained(std::move(pass)).limits); }

TEST(Explain, SaysWhoseLimitsAreAndUntilWhen) {
  Replayed pass = farm(14);
  EXPECT_EQ(limits(pass), "  minMachines 0 of the configuration\n  maxMachines 2 of the configuration\n");
  pass.inputs.seen.scheduled[plain] = {
      .period = "mon-fri 8-17", .min_machines = 1, .max_machines = {}, .until = noon + std::chrono::hours{1}};
  EXPECT_THAT(limits(pass), testing::StartsWith("  minMachines 1 of schedule mon-fri 8-17, until 20"));
  EXPECT_THAT(limits(pass), HasSubstr("maxMachines 2 of the configuration, until 20"));
  pass.inputs.seen.orders[{OrderKind::max_machines, plain.text}] = {.value = 5, .since = noon, .until = {}};
  EXPECT_THAT(limits(pass), HasSubstr("maxMachines 5 ordered by an operator\n"));
}

TEST(Explain, SaysWhatHoldsATypeBackOnce) {
  Replayed pass = farm(4);
  pass.inputs.seen.creations[plain] = {
      .failed_passes = 1, .last_failed_pass = noon, .failures = {}, .last_error = "quota"};
  pass.plan = decide::plan(pass.inputs.seen, pass.inputs.config);
  const Explanation explanation = explain_type(plain, pass);
  EXPECT_EQ(explanation.code, ReasonCode::back_off);
  const std::string text = explanation_text({.name = explanation.name,
                                             .headline = explanation.headline,
                                             .binding = explanation.binding,
                                             .limits = explanation.limits},
                                            state::ArchivedPass{});
  EXPECT_EQ(text.find("the latest: quota"), text.rfind("the latest: quota")) << text;
  EXPECT_THAT(text, HasSubstr("the latest: quota"));
}

TEST(Explain, FindsHowManyMoreStepsWantAnotherMachine) {
  const Explanation explanation = explained(farm(4));
  EXPECT_THAT(explanation.headline, HasSubstr("1 wanted, 1 allowed"));
  EXPECT_EQ(change(explanation, "5 more runnable steps"), "2 allowed; create 2");
  EXPECT_EQ(change(explanation, "maxMachines 3 instead of 2"), "") << "that would change nothing";
  EXPECT_EQ(change(explanation, "no runnable step"), "0 allowed; nothing to do");
}

TEST(Explain, SaysThatNothingWaitsOrThatWaitingStepsAreIgnored) {
  EXPECT_THAT(explained(farm(0)).binding, ElementsAre("nothing waits"));
  const Explanation explanation = explained(farm(3));
  EXPECT_THAT(explanation.binding, ElementsAre("ignoredRunnables 3: no more than these wait"));
  EXPECT_EQ(change(explanation, "ignoredRunnables 0 instead of 3"), "1 allowed; create 1");
}

TEST(Explain, SaysHowManySpareMachinesThereAreAndWhoSaysSo) {
  Replayed pass = farm(0);
  pass.inputs.config.pools.at(plain).spare_machines = 1;
  EXPECT_THAT(limits(pass), HasSubstr("  spareMachines 1 of the configuration\n"));
  EXPECT_EQ(change(explained(pass), "minMachines 1 instead of 0"), "") << "the spare one is one already";
  EXPECT_EQ(change(explained(pass), "minMachines 2 instead of 1"), "(not tried)");
  pass.inputs.seen.scheduled[plain] = {
      .period = "sat", .min_machines = {}, .max_machines = {}, .spare_machines = 0, .until = {}};
  EXPECT_THAT(limits(pass), HasSubstr("  spareMachines 0 of schedule sat\n"));
  EXPECT_EQ(change(explained(pass), "minMachines 1 instead of 0"), "1 allowed; create 1");
}

TEST(Explain, KnowsWhatSchedulesSayOfALaterTime) {
  Replayed pass = farm(0);
  pass.inputs.config.pools.at(plain).settings_json =
      R"({"local": {}, "maxMachines": 2,
          "schedules": [{"hours": "12", "maxMachines": 0}, {"hours": "13", "minMachines": 2}]})";
  pass.inputs.seen.scheduled[plain] = {
      .period = "12", .min_machines = {}, .max_machines = 0, .until = noon + std::chrono::hours{1}};
  const Explanation explanation = explained(pass);
  const auto later = std::ranges::find_if(explanation.changes,
                                          [](const Change& change) { return change.what.starts_with("the time "); });
  ASSERT_NE(later, explanation.changes.end());
  EXPECT_EQ(later->result, "2 allowed; create 2");
}

TEST(Explain, SaysHowManyMoreStepsWouldWantAnotherMachineByWork) {
  Replayed pass = farm(0);
  PoolConfig& pool = pass.inputs.config.pools.at(plain);
  pool.scaling = Scaling::work;
  pool.max_jobs = 1;
  pool.max_machines = 5;
  pool.ignored_runnables = 0;
  pass.inputs.seen.queue->history = {
      {.systems = {"x86_64-linux"}, .mandatory_features = {}, .steps = 10, .time = Seconds{600}}};
  EXPECT_EQ(change(explained(pass), "1 more runnable step"), "1 allowed; create 1");
  pass.inputs.seen.queue->step_types.front().runnable = 5;  // 300 s of work within 300 s
  EXPECT_EQ(change(explained(pass), "1 more runnable step"), "2 allowed; create 2");
}

TEST(Explain, SaysThatFailuresHoldCreationsBack) {
  Replayed pass = farm(4);
  pass.inputs.seen.creations[plain] = {.failed_passes = 1, .last_failed_pass = noon, .failures = {}};
  const Explanation explanation = explained(pass);
  EXPECT_THAT(explanation.binding, ElementsAre(HasSubstr("back-off of 30 s")));
  EXPECT_EQ(change(explanation, "no creations that failed"), "1 allowed; create 1");
}

Replayed with_waiting(const std::string& key) {
  Replayed pass = farm(0);
  pass.inputs.seen.queue->step_types.push_back({.key = key, .type = parse_step_type(key), .runnable = 3});
  return pass;
}

TEST(Explain, SaysWhyStepsFitNoTypeAndWhatToAdd) {
  const auto lacking = explain_step_type("x86_64-linux:kvm,local", with_waiting("x86_64-linux:kvm,local"));
  ASSERT_TRUE(lacking);
  EXPECT_EQ(lacking->headline, "3 runnable, and no configured type fits");
  EXPECT_THAT(lacking->binding, ElementsAre("x86_64-linux does not have kvm"));
  EXPECT_EQ(change(*lacking, "in conf.nix"),
            R"(systemTypes."x86_64-linux:kvm" = { maxMachines = 1; local = { … }; };)");
  const auto foreign = explain_step_type("aarch64-linux", with_waiting("aarch64-linux"));
  ASSERT_TRUE(foreign);
  EXPECT_THAT(foreign->binding, ElementsAre("no type has the system aarch64-linux"));
  EXPECT_EQ(change(*foreign, "in conf.nix"), "systemTypes.aarch64-linux = { maxMachines = 1; local = { … }; };");
}

TEST(Explain, SaysWhoBuildsStepsThatFit) {
  EXPECT_EQ(explain_step_type("i686-linux", with_waiting("i686-linux"))->headline,
            "built by x86_64-linux: hydra-provisioner explain x86_64-linux");
  Replayed pass = with_waiting("aarch64-darwin");
  pass.inputs.seen.elsewhere = {{.systems = {"aarch64-darwin"}, .supported_features = {}, .mandatory_features = {}}};
  EXPECT_EQ(explain_step_type("aarch64-darwin", pass)->headline, "built by machines that are not of this program");
  EXPECT_FALSE(explain_step_type("riscv64-linux", pass)) << "the queue does not have it";
}

// The machines of the plain type and of this one can build the same steps, and steps that require kvm only this one's.
Replayed with_spill_pool(std::int64_t runnable) {
  Replayed pass = farm(runnable);
  PoolConfig spot;
  spot.name = PoolName{"spot"};
  spot.type = {.systems = {"x86_64-linux"}, .supported_features = {"kvm"}};
  spot.spill = true;
  spot.max_machines = 9;
  spot.runnables_per_machine = 1;
  pass.inputs.config.pools.emplace(spot.name, spot);
  return pass;
}

TEST(Explain, SaysWhatGoesToASpillPool) {
  Replayed pass = with_spill_pool(15);  // 3 are ignored, and two machines are wanted for ten
  const Explanation explanation = explained(pass);
  EXPECT_THAT(explanation.headline,
              HasSubstr("13 runnable, 3 ignored, 5 per machine → 2 wanted, 2 allowed; 2 more for spot"));
  EXPECT_THAT(explanation.binding, ElementsAre("maxMachines: 2 more runnable steps count for spot"));
  EXPECT_EQ(change(explanation, "maxMachines 3 instead of 2"), "3 allowed; create 3");
  EXPECT_EQ(explain_step_type("x86_64-linux", pass)->headline,
            "built by x86_64-linux, and beyond its maximum by spot: hydra-provisioner explain x86_64-linux");
  pass.plan = decide::plan(pass.inputs.seen, pass.inputs.config);
  const Explanation of_spot = explain_type(PoolName{"spot"}, pass);
  EXPECT_THAT(of_spot.headline, HasSubstr("2 runnable, 0 ignored, 1 per machine → 2 wanted, 2 allowed"));
  EXPECT_EQ(change(of_spot, "1 more runnable step"), "3 allowed; create 3");
  EXPECT_EQ(change(of_spot, "no runnable step"), "0 allowed; nothing to do");
}

TEST(Explain, SaysWhatStepsLackAndWhatTheyWouldHaveToRequire) {
  Replayed pass = with_waiting("x86_64-linux:benchmark,kvm");
  PoolConfig& pool = pass.inputs.config.pools.at(plain);
  pool.type.supported_features = {"big", "kvm"};
  pool.type.mandatory_features = {"big"};
  EXPECT_THAT(explain_step_type("x86_64-linux:benchmark,kvm", pass)->binding,
              ElementsAre("x86_64-linux does not have benchmark, and takes only steps that require big"));
}

TEST(Explain, ShowsWhatHasHappenedSinceThePass) {
  Explanation explanation = explained(farm(4));
  explanation.since = {{.time = noon, .machine = "", .pool = plain.text, .what = "ordered", .reason = "paused"}};
  EXPECT_THAT(explanation_text(explanation, state::ArchivedPass{}), HasSubstr("Since then:\n"));
  EXPECT_EQ(explanation_document(explanation, state::ArchivedPass{})["since"][0]["reason"], "paused");
}

TEST(Explain, SaysWhenTheStatusIsNotTrusted) {
  Replayed pass = farm(4);
  pass.inputs.seen.queue = std::unexpected(Untrusted{"it is down"});
  EXPECT_THAT(explained(pass).binding, ElementsAre("the status is not trusted: it is down"));
}

TEST(Explain, SaysWhatWouldMakeAMachineGo) {
  Replayed pass = farm(0);
  Machine machine;
  machine.id = MachineId{"a-1"};
  machine.pool = plain;
  machine.state = MachineState::ready;
  machine.address = "10.0.0.1";
  machine.since = machine.requested_at = noon - Seconds{9000};
  pass.inputs.config.pools.at(plain).grace_period = Seconds{600};
  pass.inputs.seen.machines = {machine};
  pass.inputs.seen.queue->started = noon - Seconds{90'000};
  pass.inputs.seen.queue->machines = {
      {"root@10.0.0.1", {.enabled = true, .current_jobs = 1, .idle_since = noon - Seconds{9000}}}};
  pass.plan = decide::plan(pass.inputs.seen, pass.inputs.config);
  const Explanation explanation = explain_machine(machine.id, pass, {});
  EXPECT_THAT(explanation.headline, HasSubstr("keep: "));
  EXPECT_THAT(change(explanation, "no jobs on it, for an hour"), HasSubstr("drain: surplus, idle 3600 s"));
  QueueMachine& entry = pass.inputs.seen.queue->machines->begin()->second;
  entry.current_jobs = 0;
  entry.steps_under_way = 1;  // by Hydra's database
  EXPECT_THAT(change(explain_machine(machine.id, pass, {}), "no jobs on it, for an hour"),
              HasSubstr("drain: surplus, idle 3600 s"));
}

}  // namespace
}  // namespace hydra_provisioner::review
