#include "pass/waiting.hpp"

#include <string>
#include <utility>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/fakes/chronicle.hpp"
#include "tests/fakes/fake_clock.hpp"
#include "tests/fakes/fake_journal.hpp"
#include "tests/support/usual.hpp"

namespace hydra_provisioner::pass {
namespace {

using support::noon;
using testing::ElementsAre;
using testing::IsEmpty;
using testing::Pair;
using namespace std::chrono_literals;

Plan with_runnable(std::int64_t count) {
  Plan plan{
      .time = noon, .untrusted = {}, .pools = {}, .unplaceable = {}, .actions = {}, .in_use = {}, .reconsider_at = {}};
  plan.pools.push_back({.name = support::plain, .runnable = count, .explanation = {}, .notes = {}});
  return plan;
}

TEST(WaitingSince, BeginsWithTheFirstStepAndEndsWithTheLast) {
  EXPECT_THAT(waiting_since({}, with_runnable(1)), ElementsAre(Pair(support::plain, noon)));
  EXPECT_THAT(waiting_since({{support::plain, noon - 60s}}, with_runnable(9)),
              ElementsAre(Pair(support::plain, noon - 60s)));
  EXPECT_THAT(waiting_since({{support::plain, noon - 60s}}, with_runnable(0)), IsEmpty());
}

TEST(WaitingSince, StaysWhileTheStatusIsNotTrusted) {
  Plan blind = with_runnable(0);
  blind.untrusted = "no answer";
  EXPECT_THAT(waiting_since({{support::plain, noon - 60s}}, blind), ElementsAre(Pair(support::plain, noon - 60s)));
}

class FirstStep : public testing::Test {
 protected:
  FirstStep() {
    Machine machine;
    machine.id = MachineId{"a-1"};
    machine.pool = support::plain;
    machine.state = MachineState::ready;
    machine.address = "10.0.0.1";
    machine.wanted_since = noon - 100s;
    ledger.add(std::move(machine));
    ledger.know_waiting({{support::plain, noon - 100s}});
  }
  double sum() { return ledger.totals()[{Total::demand_to_first_step, {support::plain.text, sum_of_values}}]; }
  static Queue with_jobs(std::int64_t jobs) {
    QueueMachine entry{.enabled = true, .current_jobs = jobs, .idle_since = Instant{}};
    QueueStatus status{.time = noon, .arrived = noon, .started = {}, .step_types = {}, .machines = {}};
    status.machines.emplace().emplace("root@10.0.0.1", entry);
    return status;
  }

  fakes::Chronicle chronicle;
  fakes::FakeClock clock;
  fakes::FakeJournal journal{clock, chronicle};
  act::Ledger ledger{journal, clock, {}};
};

TEST_F(FirstStep, IsCountedOnce) {
  note_first_steps(ledger, with_jobs(0));
  EXPECT_EQ(sum(), 0);
  note_first_steps(ledger, with_jobs(2));
  note_first_steps(ledger, with_jobs(2));
  EXPECT_EQ(sum(), 100);
  EXPECT_FALSE(ledger.at(MachineId{"a-1"}).wanted_since);
}

TEST_F(FirstStep, IsNotCountedOnceNothingWaits) {
  ledger.know_waiting({});
  note_first_steps(ledger, with_jobs(0));
  note_first_steps(ledger, with_jobs(1));
  EXPECT_EQ(sum(), 0);
}

TEST_F(FirstStep, IsNotSeenWithoutAStatus) {
  note_first_steps(ledger, std::unexpected(Untrusted{"no answer"}));
  EXPECT_EQ(sum(), 0);
}

}  // namespace
}  // namespace hydra_provisioner::pass
