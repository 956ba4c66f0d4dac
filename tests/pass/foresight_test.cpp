#include "pass/foresight.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/support/usual.hpp"

namespace hydra_provisioner::pass {
namespace {

using testing::HasSubstr;
using testing::IsEmpty;

using namespace std::chrono_literals;
using support::noon;
using support::plain;

class Foresight : public testing::Test {
 protected:
  Foresight() {
    config.tag = Tag{"a"};
    PoolConfig pool;
    pool.name = plain;
    pool.type = *parse_system_type(plain.text);
    pool.max_machines = 2;
    pool.runnables_per_machine = 5;
    config.pools.emplace(plain, pool);
    last.look.seen.now = noon;
    last.look.seen.next_number = 1;
    last.look.seen.queue = status(1);
  }

  static QueueStatus status(std::int64_t runnable) {
    return {.time = noon,
            .arrived = noon,
            .started = noon - 1h,
            .step_types = {{.key = plain.text, .type = parse_step_type(plain.text), .runnable = runnable}},
            .machines = std::map<std::string, QueueMachine>{}};
  }

  Machine& has(std::int64_t number, MachineState state) {
    Machine machine;
    machine.id = MachineId{fmt::format("a-{}", number)};
    machine.pool = plain;
    machine.state = state;
    machine.address = fmt::format("10.0.0.{}", number);
    machine.requested_at = machine.since = noon - 10min;
    machine.ready_at = noon - 9min;
    return last.machines[machine.id] = machine;
  }

  std::string news(std::int64_t runnable) const {
    return news_in(foresee(last, config, status(runnable), noon), last.plan);
  }

  Config config;
  Report last;
};

TEST_F(Foresight, FindsNothingNewWhileTheMachinesSuffice) {
  has(0, MachineState::ready);
  EXPECT_THAT(news(5), IsEmpty());
}

TEST_F(Foresight, FindsThatMoreMachinesAreNeeded) {
  has(0, MachineState::ready);
  EXPECT_THAT(news(6), HasSubstr("create a-1: "));
}

TEST_F(Foresight, CountsThoseThatTheLastPassHasBegun) {
  has(0, MachineState::ready);
  has(1, MachineState::creating).found.under_way = Operation::create;
  EXPECT_THAT(news(6), IsEmpty());
}

TEST_F(Foresight, GivesNumbersThatTheLastPassHasNotUsed) {
  has(7, MachineState::ready);
  EXPECT_THAT(news(6), HasSubstr("create a-8: "));
}

TEST_F(Foresight, IsNoNewsOfWhatTheLastPassHasDecidedAlready) {
  has(0, MachineState::ready);
  last.plan.actions.push_back({.kind = ActionKind::create, .machine = MachineId{"a-1"}, .pool = plain, .reason = {}});
  EXPECT_THAT(news(6), IsEmpty());
}

TEST_F(Foresight, FindsThatAMachineIsNotNeededAnyMore) {
  has(0, MachineState::ready);
  EXPECT_THAT(news(0), HasSubstr("drain a-0: "));
}

TEST_F(Foresight, LeavesOutMachinesThatAreGone) {
  has(0, MachineState::ready);
  has(1, MachineState::gone);
  EXPECT_THAT(news(6), HasSubstr("create a-"));
}

TEST_F(Foresight, SaysWhenTheStatusWillChangeByItself) {
  EXPECT_FALSE(is_in_motion(last, status(0)));
  EXPECT_FALSE(is_in_motion(last, std::unexpected(Untrusted{"down"})));
  EXPECT_TRUE(is_in_motion(last, status(1)));
  has(0, MachineState::ready);
  EXPECT_FALSE(is_in_motion(last, status(0)));
  has(0, MachineState::draining);
  EXPECT_TRUE(is_in_motion(last, status(0)));
}

}  // namespace
}  // namespace hydra_provisioner::pass
