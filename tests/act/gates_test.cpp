#include "act/gates.hpp"

#include <chrono>
#include <functional>
#include <optional>
#include <string>
#include <tuple>
#include <utility>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "io/async/gather.hpp"
#include "tests/act/engine.hpp"

namespace hydra_provisioner::act {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::UnorderedElementsAre;

class SourceOfGates final : public observe::QueueSource {
 public:
  explicit SourceOfGates(fakes::FakeClock& clock) : clock_(clock) {}

  QueueStatus status;
  Seconds takes{0};
  bool fails = false;
  int woken = 0;
  int read_count = 0;
  int looked_at_machines = 0;

  io::Task<Queue> read() override {
    ++read_count;
    co_await clock_.sleep_for(takes);
    if (fails) co_return std::unexpected(Untrusted{"connection refused"});
    co_return status;
  }
  io::Task<Queue> read_machines() override {
    ++looked_at_machines;
    Queue queue = co_await read();
    if (queue) queue->step_types.clear();
    co_return queue;
  }
  io::Task<Expected<void>> wake() override {
    ++woken;
    co_return Expected<void>{};
  }
  io::Task<Expected<void>> evict(MachineId, std::string host) override {
    evicted.push_back(std::move(host));
    co_return eviction;
  }
  std::vector<observe::LateEviction> late_evictions() override { return std::exchange(late, {}); }

  std::vector<std::string> evicted;
  Expected<void> eviction;
  std::vector<observe::LateEviction> late;

 private:
  fakes::FakeClock& clock_;
};

// A ledger with machines, and the queue runner to which they connect.
class GatesOfMachines : public testing::Test {
 protected:
  GatesOfMachines() {
    engine.config.queue.kind = QueueKind::hydra_rust;
    engine.config.placeholders = false;
    source.status.machines.emplace();
    source.status.machines_join = true;
    source.status.time = source.status.arrived = noon;
  }

  void has(const Machine& machine) {
    engine.journal.remembers(machine);
    engine.provider.has(machine.id);
    ledger.add(machine);
    ledger.at(machine.id).address = "10.0.0." + std::to_string(number_of(machine.id));
  }
  void shows(std::int64_t number, std::optional<bool> is_open, std::int64_t jobs = 0) {
    QueueMachine entry;
    entry.enabled = is_open;
    entry.current_jobs = jobs;
    entry.reported_at = noon;
    source.status.machines->insert_or_assign(id(number).text, entry);
  }
  // Publishes once, and returns what the builders were told.
  std::vector<std::string> publish() {
    act::Gates gates(engine.config, engine.pools, ledger, {{ProviderKind::local, &engine.provider}}, source.status,
                     source, engine.voice);
    act::Publication publication{engine.config, engine.pools, ledger, gates, std::nullopt, Seconds{0}, engine.voice};
    engine.clock.run(publication.publish());
    return told();
  }
  std::vector<std::string> told() const {
    std::vector<std::string> orders;
    for (const std::string& line : engine.chronicle.entries) {
      for (const char* verb : {"open ", "close ", "stop "}) {
        if (line.starts_with(verb)) orders.push_back(line);
      }
    }
    return orders;
  }

  Engine engine;
  Ledger ledger{engine.journal, engine.clock, {}};
  SourceOfGates source{engine.clock};
};

TEST_F(GatesOfMachines, AreOpenedForWhatIsReadyAndClosedForWhatIsNot) {
  has(ready(1));
  has(draining(2));
  shows(1, false);
  shows(2, true, 3);
  EXPECT_THAT(publish(), UnorderedElementsAre("open a-1", "close a-2"));
}

TEST_F(GatesOfMachines, StayAsTheyAreIfThatIsRight) {
  has(ready(1));
  has(draining(2));
  shows(1, true);
  shows(2, false);
  EXPECT_THAT(publish(), ElementsAre());
}

TEST_F(GatesOfMachines, OfAMachineThatConnectedBeforeItIsReadyAreClosed) {
  has(creating(1));
  shows(1, false);
  publish();
  EXPECT_THAT(engine.voice.notes, testing::IsEmpty());
  shows(1, true);
  EXPECT_THAT(publish(), ElementsAre("close a-1"));
  EXPECT_THAT(engine.voice.notes,
              ElementsAre("a-1: its gate was open before it was to be opened; if that stays so, its builder does not "
                          "take its gate for its build folder"));
}

TEST_F(GatesOfMachines, OfMachinesThatAreNotThereOrDoNotPingAreLeftAlone) {
  has(ready(1));
  has(draining(2));
  shows(2, std::nullopt, 1);
  EXPECT_THAT(publish(), ElementsAre());
}

TEST_F(GatesOfMachines, AreOpenedOnlyOnceTheJournalKnows) {
  has(new_and_ready(1));
  shows(1, false);
  publish();
  EXPECT_TRUE(engine.chronicle.has_before("commit a-1 ready listed delivery", "open a-1"));
}

TEST_F(GatesOfMachines, AreNotOpenedIfTheJournalCannotBeWritten) {
  has(new_and_ready(1));
  shows(1, false);
  engine.journal.fails_after(0);
  EXPECT_THAT(publish(), testing::Not(testing::Contains("open a-1")));
}

TEST_F(GatesOfMachines, ThatCannotBeClosedAreReportedAndHoldUpNoOthers) {
  has(draining(1));
  has(ready(2));
  shows(1, true);
  shows(2, false);
  engine.provider.deaf.emplace(id(1), Error{"ssh exited with 255: \"Connection refused\""});
  EXPECT_THAT(publish(), UnorderedElementsAre("close a-1", "open a-2"));
  EXPECT_THAT(engine.voice.problems,
              ElementsAre("a-1: its gate cannot be closed: ssh exited with 255: \"Connection refused\""));
}

// Of those that stay open, the plan tells.
TEST_F(GatesOfMachines, ThatStayClosedAreReported) {
  has(ready(1));
  has(draining(2));
  shows(1, false);
  shows(2, true);
  ledger.at(id(2)).listing.ended_at = noon - Seconds{60};
  ledger.at(id(1)).listing.began_at = noon - Seconds{59};
  publish();
  EXPECT_THAT(engine.voice.notes, testing::IsEmpty());
  ledger.at(id(1)).listing.began_at = noon - Seconds{60};
  publish();
  EXPECT_THAT(engine.voice.notes,
              ElementsAre("a-1: its gate was to be opened more than 60 s ago, and its reports show it closed; if that "
                          "stays so, its builder does not take its gate for its build folder"));
}

TEST_F(GatesOfMachines, WakeTheDispatcherForAMachineThatHasJustOpened) {
  has(ready(1));
  ledger.at(id(1)).listing.began_at = noon;
  shows(1, true);
  publish();
  EXPECT_EQ(source.woken, 0) << "its database is not known";
  engine.config.queue.database = "dbname=hydra";
  publish();
  EXPECT_EQ(source.woken, 0) << "no step waits";
  source.status.step_types.push_back(
      {.key = "x86_64-linux", .type = {.system = "x86_64-linux", .features = {}}, .runnable = 1});
  publish();
  EXPECT_EQ(source.woken, 1);
  shows(1, true, 1);
  publish();
  EXPECT_EQ(source.woken, 1) << "it has a step already";
}

TEST_F(GatesOfMachines, WakeTheDispatcherMinutesLaterForAMachineThatHasHadNoStep) {
  engine.config.queue.database = "dbname=hydra";
  source.status.step_types.push_back(
      {.key = "x86_64-linux", .type = {.system = "x86_64-linux", .features = {}}, .runnable = 1});
  has(ready(1));
  shows(1, true);
  ledger.at(id(1)).listing.began_at = noon - Seconds{300};
  ledger.at(id(1)).seen_idle_at = noon - Seconds{200};
  publish();
  EXPECT_EQ(source.woken, 0) << "it has had one";
  ledger.at(id(1)).seen_idle_at = noon - Seconds{310};
  publish();
  EXPECT_EQ(source.woken, 1);
}

TEST_F(GatesOfMachines, AreNoMatterForAMachineThatIsLost) {
  engine.config.queue.evict_command = {"evict"};
  has(draining(1));
  has(draining(2));
  has(draining(3));
  for (std::int64_t number : {1, 2, 3}) shows(number, std::nullopt, 2);
  for (std::int64_t number : {1, 2}) source.status.machines->at(id(number).text).reported_at = noon - Seconds{60};
  ledger.at(id(1)).found.vanished = ledger.at(id(3)).found.vanished = true;
  publish();
  EXPECT_THAT(source.evicted, ElementsAre("10.0.0.1")) << "not 2, which may hang, nor 3, which has just pinged";
  EXPECT_THAT(engine.voice.notes, ElementsAre("a-1: lost: the queue runner's connection to it is ended"));
}

TEST_F(GatesOfMachines, AreLostWithTheirMachineAlsoIfThatIsKnownLate) {
  engine.config.queue.evict_command = {"evict"};
  has(draining(1));
  shows(1, std::nullopt, 2);
  source.status.machines->at(id(1).text).reported_at = noon - Seconds{60};
  ledger.at(id(1)).found.vanished = true;
  source.eviction = failure("has not answered yet", ErrorKind::unanswered);
  publish();
  EXPECT_THAT(engine.voice.notes, ElementsAre("a-1: lost: the queue runner's connection to it is not ended yet"));
  source.late = {{id(1), failure("queue.evictCommand: ss exited with 1")}, {id(7), {}}};
  publish();
  EXPECT_THAT(source.evicted, ElementsAre("10.0.0.1")) << "what has just failed is tried again in the next pass";
  EXPECT_THAT(engine.voice.problems, ElementsAre("a-1: lost: the queue runner's connection to it cannot be ended: "
                                                 "queue.evictCommand: ss exited with 1"));
  EXPECT_EQ(engine.voice.notes.back(), "a-7: lost: the queue runner's connection to it is ended")
      << "of a machine that is gone by now";
}

// While a machine is told, another one is asked about, and the queue runner restarts.
TEST_F(GatesOfMachines, AreSetAlsoIfTheStatusIsNotTrustedAnyMoreMeanwhile) {
  engine.config.queue.database = "dbname=hydra";
  has(ready(1));
  has(creating(2));
  shows(1, false);
  engine.provider.builder_takes = Seconds{5};
  source.takes = Seconds{1};
  act::Gates gates(engine.config, engine.pools, ledger, {{ProviderKind::local, &engine.provider}}, source.status,
                   source, engine.voice);
  act::Publication publication{engine.config, engine.pools, ledger, gates, std::nullopt, Seconds{0}, engine.voice};
  source.fails = true;
  const auto ask = [&]() -> io::Task<void> {
    const auto joined = co_await gates.expect_joined(ledger.at(id(2)));
    EXPECT_EQ(joined.error().message, "the queue runner's status is not trusted: connection refused");
  };
  const auto both = [&]() -> io::Task<void> {
    std::vector<std::function<io::Task<void>()>> tasks{[&] { return publication.publish(); }, ask};
    co_await io::run_all(std::move(tasks), 2);
  };
  engine.clock.run(both());
  EXPECT_THAT(told(), ElementsAre("open a-1"));
  EXPECT_EQ(source.woken, 0);
}

TEST_F(GatesOfMachines, WaitForOneLookTogether) {
  has(draining(1));
  has(draining(2));
  source.takes = Seconds{5};
  act::Gates gates(engine.config, engine.pools, ledger, {{ProviderKind::local, &engine.provider}}, source.status,
                   source, engine.voice);
  for (const std::int64_t number : {1, 2}) shows(number, true, 1);  // since the pass has begun
  const auto ask = [&](std::int64_t number) -> io::Task<void> {
    const auto out = co_await gates.expect_out(ledger.at(id(number)));
    EXPECT_FALSE(out) << number;
  };
  const auto both = [&]() -> io::Task<void> {
    std::vector<std::function<io::Task<void>()>> tasks{[&] { return ask(1); }, [&] { return ask(2); }};
    co_await io::run_all(std::move(tasks), 2);
  };
  engine.clock.run(both());
  EXPECT_EQ(source.read_count, 1);
  EXPECT_EQ(source.looked_at_machines, 1) << "steps need not be read";
}

TEST_F(GatesOfMachines, SayWhetherAMachineHasJoined) {
  has(creating(1));
  act::Gates gates(engine.config, engine.pools, ledger, {{ProviderKind::local, &engine.provider}}, source.status,
                   source, engine.voice);
  EXPECT_THAT(engine.clock.run(gates.expect_joined(ledger.at(id(1)))).error().message,
              HasSubstr("has not connected to the queue runner yet"));
  engine.clock.advance(std::chrono::seconds{2});
  shows(1, std::nullopt);
  EXPECT_THAT(engine.clock.run(gates.expect_joined(ledger.at(id(1)))).error().message, HasSubstr("does not ping"));
  engine.clock.advance(std::chrono::seconds{2});
  shows(1, false);
  EXPECT_TRUE(engine.clock.run(gates.expect_joined(ledger.at(id(1)))));
}

// The look for it shows no steps.
TEST_F(GatesOfMachines, WakeTheDispatcherAlsoForAMachineThatWasWaitedFor) {
  engine.config.queue.database = "dbname=hydra";
  has(creating(1));
  source.status.step_types.push_back(
      {.key = "x86_64-linux", .type = {.system = "x86_64-linux", .features = {}}, .runnable = 1});
  act::Gates gates(engine.config, engine.pools, ledger, {{ProviderKind::local, &engine.provider}}, source.status,
                   source, engine.voice);
  shows(1, true);
  EXPECT_TRUE(engine.clock.run(gates.expect_joined(ledger.at(id(1)))));
  ledger.at(id(1)).listing.is_listed = true;
  ledger.at(id(1)).listing.began_at = noon;
  std::ignore = engine.clock.run(gates.publish("a-1 x86_64-linux\n", std::nullopt, noon));
  EXPECT_EQ(source.woken, 1);
}

// Whatever the status shows, which may be older than what was done before.
TEST_F(GatesOfMachines, AreSetWheneverAMachineIsListedOrUnlisted) {
  has(new_and_ready(1));
  shows(1, true);
  Machine leaving = ready(2);
  leaving.state = MachineState::draining;
  has(leaving);
  shows(2, false);
  Machine missing = ready(3);
  missing.state = MachineState::draining;
  has(missing);
  EXPECT_THAT(publish(), UnorderedElementsAre("open a-1", "close a-2", "close a-3"));
}

TEST_F(GatesOfMachines, AreLookedAtOnceMoreBeforeAMachineGoes) {
  has(draining(1));
  act::Gates gates(engine.config, engine.pools, ledger, {{ProviderKind::local, &engine.provider}}, source.status,
                   source, engine.voice);
  EXPECT_TRUE(engine.clock.run(gates.expect_out(ledger.at(id(1))))) << "it is not there";
  engine.clock.advance(std::chrono::seconds{2});
  shows(1, true);
  EXPECT_THAT(engine.clock.run(gates.expect_out(ledger.at(id(1)))).error().message, HasSubstr("connected"));
  engine.clock.advance(std::chrono::seconds{2});
  shows(1, false, 1);
  EXPECT_FALSE(engine.clock.run(gates.expect_out(ledger.at(id(1)))));
  engine.clock.advance(std::chrono::seconds{2});
  shows(1, false);
  EXPECT_TRUE(engine.clock.run(gates.expect_out(ledger.at(id(1)))));
  engine.clock.advance(std::chrono::seconds{2});
  source.status.hidden_may_be_busy = true;
  EXPECT_THAT(engine.clock.run(gates.expect_out(ledger.at(id(1)))).error().message, HasSubstr("hidden behind another"));
}

// The name of a-1 is known twice by now, and the other one may be shown.
TEST_F(GatesOfMachines, ProveNothingInTheLastLookIfAnotherConnectionIsShownThanBefore) {
  has(draining(1));
  ledger.at(id(1)).listing.was_seen_open = true;
  ledger.at(id(1)).joined_at = noon - Seconds{100};
  shows(1, false);
  source.status.hides_machines = true;
  act::Gates gates(engine.config, engine.pools, ledger, {{ProviderKind::local, &engine.provider}}, source.status,
                   source, engine.voice);
  EXPECT_TRUE(engine.clock.run(gates.expect_out(ledger.at(id(1)))));
  engine.clock.advance(std::chrono::seconds{2});
  source.status.machines->at(id(1).text).joined_at = noon - Seconds{500};
  EXPECT_THAT(engine.clock.run(gates.expect_out(ledger.at(id(1)))).error().message,
              HasSubstr("may show another machine of its name"));
}

TEST_F(GatesOfMachines, ThatAreMissingInTheLastLookProveNothingWhileMachinesHideEachOther) {
  has(draining(1));
  source.status.hides_machines = true;
  act::Gates gates(engine.config, engine.pools, ledger, {{ProviderKind::local, &engine.provider}}, source.status,
                   source, engine.voice);
  EXPECT_THAT(engine.clock.run(gates.expect_out(ledger.at(id(1)))).error().message, HasSubstr("may be hidden"));
  ledger.at(id(1)).listing.missing_since = noon - Seconds{60};
  EXPECT_TRUE(engine.clock.run(gates.expect_out(ledger.at(id(1))))) << "it was missing before";
}

// What is shown closed may be another machine of its name.
TEST_F(GatesOfMachines, AreClosedInEachPassWhileMachinesHideEachOther) {
  has(draining(1));
  has(stopped(2));
  has(creating(3));
  for (const std::int64_t number : {1, 2, 3}) shows(number, false);
  EXPECT_THAT(publish(), ElementsAre());
  source.status.hides_machines = true;
  EXPECT_THAT(publish(), ElementsAre("close a-1"));
  EXPECT_THAT(publish(), ElementsAre("close a-1", "close a-1"));
}

TEST_F(GatesOfMachines, AMachineLeavesTheQueueRunnerBeforeItGoes) {
  has(draining(1));
  act::Gates gates(engine.config, engine.pools, ledger, {{ProviderKind::local, &engine.provider}}, source.status,
                   source, engine.voice);
  engine.clock.run(gates.make_leave(ledger.at(id(1))));
  EXPECT_THAT(told(), ElementsAre()) << "it is not there";
  shows(1, false);
  act::Gates later(engine.config, engine.pools, ledger, {{ProviderKind::local, &engine.provider}}, source.status,
                   source, engine.voice);
  engine.clock.run(later.make_leave(ledger.at(id(1))));
  EXPECT_THAT(told(), ElementsAre("stop a-1"));
}

TEST_F(GatesOfMachines, ObeyTheLeaderAlone) {
  has(draining(1));
  shows(1, false);
  engine.journal.lost_lead = Error{"beta leads"};
  act::Gates gates(engine.config, engine.pools, ledger, {{ProviderKind::local, &engine.provider}}, source.status,
                   source, engine.voice);
  engine.clock.run(gates.make_leave(ledger.at(id(1))));
  EXPECT_THAT(told(), ElementsAre());
}

}  // namespace
}  // namespace hydra_provisioner::act
