#include "app/status/status_text.hpp"

#include <string>
#include <utility>
#include <vector>

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/support/usual.hpp"

namespace hydra_provisioner::app {
namespace {

using namespace std::chrono_literals;
using testing::HasSubstr;
using testing::Not;
using testing::StartsWith;

using support::noon;
using support::plain;

// A farm of one pool, and what is known of it.
struct Farm {
  Farm() {
    look.seen.now = noon;
    PoolConfig settings;
    settings.name = plain;
    settings.price_per_hour = Micros{1'500'000};
    look.pools.emplace(PoolKey{plain, ProviderKind::local}, settings);
    QueueStatus status;
    status.time = status.arrived = noon;
    status.started = noon - 24h;
    status.machines.emplace();
    look.seen.queue = status;
    PoolPlan pool;
    pool.name = plain;
    pool.explanation = "37 runnable, 5 ignored, 10 per machine → 4 wanted, 3 allowed (max 3)";
    plan.pools = {pool};
  }

  // In that state for 90 s; the references are good until the next one.
  Machine& add(MachineState state) {
    const auto number = std::ssize(look.seen.machines) + 1;
    Machine& machine = look.seen.machines.emplace_back();
    machine.id = MachineId{fmt::format("hydra-provisioned-{}", number)};
    machine.pool = plain;
    machine.state = state;
    machine.since = machine.requested_at = noon - 90s;
    machine.address = fmt::format("10.0.0.{}", number);
    return machine;
  }

  Machine& add_ready(std::int64_t jobs, Seconds idle = 0s) {
    Machine& machine = add(MachineState::ready);
    machine.listing.is_listed = true;
    machine.listing.began_at = machine.ready_at = noon - 3h;
    entry(machine) = {.enabled = true, .current_jobs = jobs, .idle_since = noon - idle};
    return machine;
  }

  QueueMachine& entry(const Machine& machine) { return (*look.seen.queue->machines)[queue_name(machine)]; }

  void decide(const Machine& machine, ActionKind kind, Reason reason) {
    plan.actions.push_back({.kind = kind, .machine = machine.id, .pool = plain, .reason = std::move(reason)});
  }

  void order(OrderKind kind, const Machine& machine, std::optional<Instant> until = {}) {
    look.seen.orders[{kind, machine.id.text}] = {.value = 0, .since = noon - 1h, .until = until};
  }

  std::string text(const Screen& screen = {}) const {
    const StatusReport report{
        .look = look, .plan = plan, .last_pass = last, .grade = grade, .interval = 15s, .waiting_since = waiting_since};
    return status_text(report, screen);
  }

  // The row of the only machine, or of the last one.
  std::string row() const {
    const std::string all = text();
    return all.substr(all.rfind("hydra-provisioned-"));
  }

  pass::Look look;
  Plan plan;
  LastPass last{.now = noon, .began = noon - 12s, .maker = {}, .unpublished = {}};
  Grade grade = Grade::fine;
  std::optional<Instant> waiting_since;
};

Farm farm_with_some_of_everything() {
  Farm farm;
  farm.waiting_since = noon - 5min;
  farm.add_ready(1);
  farm.add_ready(0, 1min);
  Machine& coming = farm.add(MachineState::creating);
  coming.address = "";
  coming.last_error = "connection refused";
  return farm;
}

TEST(StatusText, IsATableUnderASummary) {
  EXPECT_EQ(farm_with_some_of_everything().text(),
            "fine; last pass 12 s ago; 3 machines: 1 creating, 2 ready; oldest wait 5 min; 4.50 per hour\n"
            "x86_64-linux             37 runnable, 5 ignored, 10 per machine → 4 wanted, 3 allowed (max 3)\n"
            "  MACHINE              STATE     SINCE  LISTED  JOBS  IDLE  ADDRESS   NOTE\n"
            "  hydra-provisioned-1  ready      90 s  listed     1     -  10.0.0.1\n"
            "  hydra-provisioned-2  ready      90 s  listed     0  60 s  10.0.0.2\n"
            "  hydra-provisioned-3  creating   90 s  -          -     -  -         given up in 28 min; "
            "last answer: connection refused\n");
}

TEST(StatusText, FitsATerminalOf80Columns) {
  EXPECT_EQ(farm_with_some_of_everything().text({.width = 80}),
            "fine; last pass 12 s ago; 3 machines: 1 creating, 2 ready; oldest wait 5 min;\n"
            "  4.50 per hour\n"
            "x86_64-linux             37 runnable, 5 ignored, 10 per machine → 4 wanted, 3\n"
            "    allowed (max 3)\n"
            "  MACHINE              STATE     SINCE  LISTED  JOBS  IDLE\n"
            "  hydra-provisioned-1  ready      90 s  listed     1     -\n"
            "  hydra-provisioned-2  ready      90 s  listed     0  60 s\n"
            "  hydra-provisioned-3  creating   90 s  -          -     -\n"
            "      given up in 28 min; last answer: connection refused\n");
}

TEST(StatusText, SaysTheSameInColor) {
  const Farm farm = farm_with_some_of_everything();
  const std::string colored = farm.text({.color = true});
  EXPECT_THAT(colored, HasSubstr("\033[32mready\033[0m"));
  EXPECT_THAT(colored, HasSubstr("\033[33mcreating\033[0m"));
  std::string text;
  for (std::size_t i = 0; i < colored.size(); ++i) {
    if (colored[i] == '\033')
      i = colored.find('m', i);
    else
      text += colored[i];
  }
  EXPECT_EQ(text, farm.text());
}

TEST(StatusText, BeginsWithHowTheFarmIs) {
  Farm farm;
  farm.grade = Grade::broken;
  farm.last.began = noon - 3h;
  farm.last.unpublished = Unpublished{noon - 10min, "no space left on device"};
  EXPECT_THAT(farm.text(),
              StartsWith("broken; no pass for 3 h 00 min, interval 15 s; nothing makes passes now; 0 machines\n"
                         "! the machines file cannot be published since "));
}

TEST(StatusText, SaysOfWhichMachinesThePriceIsNotKnown) {
  Farm farm;
  farm.add_ready(1);
  farm.add_ready(1).pool = PoolName{"other"};
  EXPECT_THAT(farm.text(), HasSubstr("1.50 per hour, 1 machine without a price\n"));
}

TEST(StatusText, CountsStoppedMachinesAtTheirOwnPrice) {
  Farm farm;
  farm.add_ready(1);
  farm.add(MachineState::stopped);
  EXPECT_THAT(farm.text(), HasSubstr("1.50 per hour\n"));
  farm.look.pools.begin()->second.stopped_price_per_hour = Micros{10'000};
  EXPECT_THAT(farm.text(), HasSubstr("1.51 per hour\n"));
}

TEST(StatusText, ShowsEachMachineOnceThoughTwoPoolsShareAName) {
  Farm farm;
  farm.add_ready(1);
  farm.plan.pools.push_back(farm.plan.pools.front());  // of another provider, not configured any more
  const std::string text = farm.text();
  EXPECT_EQ(text.find("hydra-provisioned-1"), text.rfind("hydra-provisioned-1"));
}

TEST(StatusText, ShowsTheOrdersThatHold) {
  Farm farm;
  const Machine& machine = farm.add_ready(1);
  farm.order(OrderKind::protect, machine, noon + 1h);
  farm.order(OrderKind::destroy, machine);
  farm.look.seen.orders[{OrderKind::pause, ""}] = {.value = 0, .since = noon, .until = noon};
  const std::string text = farm.text();
  EXPECT_THAT(text, HasSubstr("ordered: protect hydra-provisioned-1, until "));
  EXPECT_THAT(text, HasSubstr("ordered: destroy hydra-provisioned-1\n"));
  EXPECT_THAT(text, Not(HasSubstr("pause")));
  EXPECT_THAT(farm.row(), HasSubstr("protected until "));
  EXPECT_THAT(farm.row(), HasSubstr("; ordered away (destroy)"));
}

TEST(StatusRow, SaysWhatIsUnderWay) {
  Farm farm;
  farm.add(MachineState::creating).found.under_way = Operation::create;
  EXPECT_THAT(farm.row(), HasSubstr("create under way; given up in 28 min\n"));
}

TEST(StatusRow, SaysWhenADrainingMachineGoes) {
  Farm farm;
  const Machine& machine = farm.add(MachineState::draining);
  EXPECT_THAT(farm.row(), HasSubstr("10.0.0.1\n"));
  farm.decide(machine, ActionKind::keep, {ReasonCode::unproven, "surplus; waits: idle 30 s < quiet 120 s", noon + 90s});
  EXPECT_THAT(farm.row(), HasSubstr("goes in 90 s: surplus; waits: idle 30 s < quiet 2 min\n"));
  farm.plan.actions.front().reason = {ReasonCode::unproven, "surplus; waits: still busy: 1 job", {}};
  EXPECT_THAT(farm.row(), HasSubstr("goes later: surplus; waits: still busy: 1 job\n"));
  farm.plan.actions.front().kind = ActionKind::destroy;
  EXPECT_THAT(farm.row(), HasSubstr("goes now: surplus"));
  farm.plan.actions.clear();
  farm.decide(machine, ActionKind::undrain, {ReasonCode::needed, "needed again", {}});
  EXPECT_THAT(farm.row(), HasSubstr("used again: needed again\n"));
}

TEST(StatusRow, SaysThatAMachineIsNotListed) {
  Farm farm;
  farm.add(MachineState::ready);
  EXPECT_THAT(farm.row(), HasSubstr(" not listed yet\n"));
  farm.look.seen.machines.front().listing.first_began_at = noon - 1h;
  EXPECT_THAT(farm.row(), HasSubstr(" not listed any more\n"));
}

TEST(StatusRow, SaysThatAMachineDoesNotWork) {
  Farm farm;
  Machine& machine = farm.add_ready(1);
  machine.unanswered_since = noon - 5min;
  farm.entry(machine).consecutive_failures = 3;
  EXPECT_THAT(farm.row(),
              HasSubstr("has not answered for 5 min; the queue runner failed to use it 3 times in a row\n"));
  EXPECT_THAT(farm.text({.color = true}), HasSubstr("\033[31mready\033[0m"));
}

TEST(StatusRow, SaysThatTheQueueRunnerDoesNotUseAMachine) {
  Farm farm;
  const Machine& machine = farm.add_ready(0);
  farm.entry(machine).enabled = false;
  EXPECT_THAT(farm.row(), HasSubstr("the queue runner does not use it\n"));
  farm.look.seen.queue->machines->clear();
  EXPECT_THAT(farm.row(), HasSubstr("the queue runner does not know it\n"));
}

TEST(StatusRow, SaysWhatFailed) {
  Farm farm;
  Machine& machine = farm.add(MachineState::draining);
  machine.failures = {.of = Operation::stop, .in_a_row = 2, .latest = noon};
  machine.last_error = "no answer";
  EXPECT_THAT(farm.row(), HasSubstr("stop failed 2 times: no answer\n"));
  machine.state = MachineState::failed;
  machine.failures = {};
  EXPECT_THAT(farm.row(), HasSubstr(" no answer\n"));
}

TEST(StatusGroups, HoldManyMachinesOfWhichTheSameIsToBeSaid) {
  Farm farm;
  for (int i = 0; i < 1000; ++i) farm.add_ready(i % 2 == 0 ? 2 : 0, 60s);
  for (int i = 0; i < 200; ++i) farm.add(MachineState::creating).requested_at -= Seconds{i};
  farm.add_ready(0, 60s).unanswered_since = noon - 5min;
  EXPECT_EQ(farm.text({.width = 100}),
            "fine; last pass 12 s ago; 1201 machines: 200 creating, 1001 ready; 1801.50 per hour\n"
            "x86_64-linux             37 runnable, 5 ignored, 10 per machine → 4 wanted, 3 allowed (max 3)\n"
            "  MACHINE                 STATE      SINCE  LISTED  JOBS    IDLE  NOTE\n"
            "  500 machines            ready     ≤ 90 s  listed  1000       -\n"
            "  500 machines            ready     ≤ 90 s  listed     0  ≤ 60 s\n"
            "  200 machines            creating  ≤ 90 s  -          -       -  hydra-provisioned-1001: given up\n"
            "                                                                  in 28 min\n"
            "  hydra-provisioned-1201  ready       90 s  listed     0    60 s  has not answered for 5 min\n");
}

TEST(StatusGroups, AreForTerminalsOnly) {
  Farm farm;
  for (int i = 0; i < 1000; ++i) farm.add_ready(0, 60s);
  EXPECT_THAT(farm.text(), HasSubstr("hydra-provisioned-1000 "));
}

}  // namespace
}  // namespace hydra_provisioner::app
