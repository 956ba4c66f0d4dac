#include "app/health.hpp"

#include <string>
#include <utility>
#include <vector>

#include <gtest/gtest.h>
#include "tests/support/usual.hpp"

namespace hydra_provisioner::app {
namespace {

using namespace std::chrono_literals;

using support::noon;
constexpr Seconds interval{15};

LastPass pass_before(Seconds span) { return {.now = noon, .began = noon - span, .maker = {}, .unpublished = {}}; }
LastPass by_a_daemon(LastPass last) {
  last.maker = LockHolder{.process = 7, .host = "farm", .since = noon - 24h};
  return last;
}

Plan plan_with(std::vector<std::string> notes, const std::string& unused = "") {
  PoolPlan pool;
  pool.name = PoolName{"p"};
  pool.notes = std::move(notes);
  pool.unused = unused;
  Plan plan;
  plan.pools.push_back(std::move(pool));
  return plan;
}

TEST(LastPass, SaysWhenItWasAndWhoMadeIt) {
  EXPECT_EQ(last_pass_text(pass_before(12s), interval), "last pass 12 s ago");
  EXPECT_TRUE(last_pass_text(by_a_daemon(pass_before(12s)), interval)
                  .starts_with("last pass 12 s ago (process 7 on farm, since 20"));
  EXPECT_EQ(last_pass_text({.now = noon, .began = {}, .maker = {}, .unpublished = {}}, interval),
            "! no pass was made yet");
}

TEST(LastPass, SaysThatNoneIsMade) {
  EXPECT_EQ(last_pass_text(pass_before(3h + 5min), interval),
            "! no pass for 3 h 05 min, interval 15 s; nothing makes passes now");
  EXPECT_TRUE(last_pass_text(by_a_daemon(pass_before(3h)), std::nullopt)
                  .starts_with("! no pass for 3 h 00 min; its maker hangs: process 7 on farm, since "));
  EXPECT_TRUE(last_pass_text(pass_before(3h), 3600s).starts_with("last pass")) << "as rare as it should be";
}

TEST(Health, IsFineWhereNothingIsWrong) {
  const Health health = health_of(pass_before(12s), interval, plan_with({}), {});
  EXPECT_EQ(health.grade, Grade::fine);
  EXPECT_EQ(health.line, "fine");
}

TEST(Health, IsDegradedWhereAPartDoesNotWork) {
  Plan plan = plan_with({"no creations for another 25 s: …"});
  plan.unplaceable.push_back({"riscv64-linux", 3});
  const Health health = health_of(pass_before(12s), interval, plan, {"ec2: no answer"});
  EXPECT_EQ(health.grade, Grade::degraded);
  EXPECT_EQ(health.line,
            "degraded: ec2: no answer; p: no creations for another 25 s: …; 3 steps of type riscv64-linux fit no type");
}

TEST(Health, KnowsForeignMachinesThatAreUsed) {
  observe::Fleet fleet;
  Instance instance;
  instance.machine = MachineId{"t-1"};
  instance.address = "10.0.0.1";
  fleet.foreign.push_back({instance, ProviderKind::ec2});
  QueueStatus status;
  status.machines = {{"root@10.0.0.1", {.enabled = false, .current_jobs = 0, .idle_since = {}}}};
  EXPECT_TRUE(foreign_in_use(fleet, status).empty());
  status.machines->begin()->second.current_jobs = 1;
  ASSERT_EQ(foreign_in_use(fleet, status).size(), 1);
  EXPECT_TRUE(foreign_in_use(fleet, status)[0].ends_with("; the queue runner uses it"));
  EXPECT_TRUE(foreign_in_use(fleet, std::unexpected(Untrusted{"down"})).empty());
}

TEST(Health, IsBrokenWhereMachinesCannotComeAndGo) {
  const auto line = [](const LastPass& last, const Plan& plan) {
    const Health health = health_of(last, interval, plan, {});
    EXPECT_EQ(health.grade, Grade::broken);
    return health.line;
  };
  Plan untrusted;
  untrusted.untrusted = "down";
  LastPass unpublished = pass_before(12s);
  unpublished.unpublished = Unpublished{noon - 60s, "cannot write /f"};
  EXPECT_EQ(line(pass_before(3h), plan_with({})),
            "broken: no pass for 3 h 00 min, interval 15 s; nothing makes passes now");
  EXPECT_EQ(line(pass_before(12s), untrusted), "broken: the status is not trusted: down");
  EXPECT_EQ(line(pass_before(12s), plan_with({"nobody", "else"}, "nobody")), "broken: p: nobody");
  EXPECT_TRUE(line(unpublished, plan_with({})).ends_with(": cannot write /f; nothing is created until it can"));
}

}  // namespace
}  // namespace hydra_provisioner::app
