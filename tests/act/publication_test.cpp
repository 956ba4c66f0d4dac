#include "act/publication.hpp"

#include <chrono>
#include <functional>
#include <tuple>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "io/async/gather.hpp"
#include "tests/act/engine.hpp"

namespace hydra_provisioner::act {
namespace {

using std::chrono::milliseconds;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::SizeIs;

// A ledger and its publication, for as long as a pass takes.
class Publication : public testing::Test {
 protected:
  void has(const Machine& machine) {
    engine.journal.remembers(machine);
    ledger.add(machine);
  }
  void publish() { engine.clock.run(publication.publish()); }

  // Things that happen while the pass works, each so long after its beginning, and when the work ends.
  using Happening = std::pair<milliseconds, std::function<void()>>;
  void work(std::vector<Happening> happenings, milliseconds end) {
    happenings.emplace_back(end, [] {});
    const auto all = [&]() -> io::Task<void> {
      for (const auto& [time, happen] : happenings) {
        co_await engine.clock.sleep_for(began + time - engine.clock.exact_now());
        happen();
      }
    };
    engine.clock.run(publication.publish_during(all()));
  }
  std::function<void()> ready_at_last(std::int64_t number) {
    return [this, number] {
      ledger.note(machine(number), MachineEvent::became_ready, "answers");
      publication.publish_soon();
    };
  }
  std::function<void()> expect_published(const std::string& addresses) {
    return [this, addresses] { EXPECT_EQ(engine.publisher.published(), addresses); };
  }
  Machine& machine(std::int64_t number) { return ledger.at(id(number)); }

  Engine engine;
  Ledger ledger{engine.journal, engine.clock, {}};
  const fakes::FakeClock::Time began = engine.clock.exact_now();
  const Seconds queue_clock_ahead{7};
  act::Publication publication{engine.config, engine.pools,      ledger,      engine.publisher,
                               std::nullopt,  queue_clock_ahead, engine.voice};
};

TEST_F(Publication, ListsWhatIsReadyAndNothingElse) {
  for (const MachineState state :
       {MachineState::requested, MachineState::creating, MachineState::draining, MachineState::stopping,
        MachineState::stopped, MachineState::destroying, MachineState::gone, MachineState::failed}) {
    has(act::machine(static_cast<std::int64_t>(state) + 10, state));
  }
  has(ready(1));
  has(ready(2));
  machine(2).found.vanished = true;
  publish();
  EXPECT_EQ(engine.publisher.published(), " 10.0.0.1");
}

TEST_F(Publication, RecordsThatAMachineWasListedBeforeTheFileSaysSo) {
  has(new_and_ready(1));
  publish();
  EXPECT_TRUE(engine.chronicle.has_before("commit a-1 ready listed delivery", "publish 10.0.0.1"));
  EXPECT_EQ(engine.machine(1).listing.first_began_at, noon);
  EXPECT_EQ(engine.machine(1).listing.began_at, noon);
}

TEST_F(Publication, RemembersWhenAMachineWasFirstListed) {
  has(draining(1));
  const auto first = machine(1).listing.first_began_at;
  machine(1).state = MachineState::ready;
  publish();
  EXPECT_EQ(engine.machine(1).listing.first_began_at, first);
  EXPECT_EQ(engine.machine(1).listing.began_at, noon);
  EXPECT_TRUE(engine.machine(1).listing.is_listed);
}

TEST_F(Publication, DatesTheUnlistingInTheQueueRunnersClockAfterTheFileWasWritten) {
  has(ready(1));
  machine(1).state = MachineState::draining;
  engine.publisher.takes = Seconds{20};
  publish();
  EXPECT_EQ(engine.machine(1).listing.ended_at, noon + Seconds{20} + queue_clock_ahead);
  EXPECT_FALSE(engine.machine(1).listing.is_listed);
}

TEST_F(Publication, LeavesTheDateAloneOnceAMachineIsOut) {
  has(draining(1));
  const auto since = machine(1).listing.ended_at;
  publish();
  EXPECT_EQ(engine.machine(1).listing.ended_at, since);
}

TEST_F(Publication, TakesNothingForUnlistedThatCouldNotBePublished) {
  has(ready(1));
  machine(1).state = MachineState::draining;
  engine.publisher.fails = Error{"cannot write"};
  publish();
  EXPECT_TRUE(machine(1).listing.is_listed);
  EXPECT_EQ(machine(1).listing.ended_at, std::nullopt);
  EXPECT_THAT(engine.voice.problems, ElementsAre("cannot write"));
}

TEST_F(Publication, MeasuresByOurClockHowLongAMachineWasListed) {
  has(new_and_ready(1));
  publish();
  engine.clock.advance(Seconds{10});
  machine(1).state = MachineState::draining;
  publish();
  EXPECT_EQ(engine.machine(1).listing.lasted, Seconds{10});
}

TEST_F(Publication, TakesNothingForListedWhereNothingWasPublished) {
  has(new_and_ready(1));
  has(draining(2));
  machine(2).state = MachineState::ready;
  const auto out_since = machine(2).listing.ended_at;
  engine.publisher.fails = Error{"no space left on device", ErrorKind::untouched};
  publish();
  EXPECT_EQ(engine.machine(1).listing.first_began_at, std::nullopt);
  EXPECT_EQ(engine.machine(2).listing.ended_at, out_since);
}

TEST_F(Publication, TakesItForListedWhereItMayHaveBeenPublished) {
  has(new_and_ready(1));
  engine.publisher.fails = Error{"updateCommand: timed out", ErrorKind::timed_out};
  publish();
  EXPECT_EQ(engine.machine(1).listing.first_began_at, noon);
}

TEST_F(Publication, TakesAnEqualFileForProofThatAMachineIsOut) {
  has(ready(1));
  publish();
  has(ready(2));  // its line was never written: we crashed before
  machine(2).state = MachineState::draining;
  publish();
  EXPECT_EQ(engine.machine(2).listing.ended_at, noon + queue_clock_ahead);
}

TEST_F(Publication, SaysNothingOfMachinesThatWereNeverListed) {
  has(creating(1));
  publish();
  EXPECT_EQ(machine(1).listing.first_began_at, std::nullopt);
  EXPECT_EQ(machine(1).listing.ended_at, std::nullopt);
}

TEST_F(Publication, KeepsNewLinesBackWhileTheJournalFails) {
  has(ready(1));
  has(new_and_ready(2));
  engine.journal.fails_after(0);
  publish();
  EXPECT_EQ(engine.publisher.published(), " 10.0.0.1");

  engine.journal.recovers();
  publish();
  EXPECT_EQ(engine.publisher.published(), " 10.0.0.1 10.0.0.2");
  EXPECT_TRUE(engine.machine(2).listing.is_listed);
}

TEST_F(Publication, KeepsALineBackThatIsNewSinceTheJournalFailed) {
  has(ready(1));
  has(new_and_ready(2));
  has(new_and_ready(3));
  machine(3).state = MachineState::creating;
  engine.journal.fails_after(0);
  const auto become_ready = [&]() -> io::Task<void> {
    machine(3).state = MachineState::ready;
    co_return;
  };
  const auto both = [&]() -> io::Task<void> {
    std::vector<std::function<io::Task<void>()>> tasks{[&] { return publication.publish(); }, become_ready};
    co_await io::run_all(std::move(tasks), 2);
  };
  engine.clock.run(both());
  EXPECT_EQ(engine.publisher.published(), " 10.0.0.1");
}

// The commit that fails is followed by that of the publication, which writes machine 2, too.
TEST_F(Publication, ListsAMachineThatTheCommitBeforeCouldNotWrite) {
  has(ready(1));
  has(new_and_ready(2));
  engine.journal.fails_after(0);
  engine.publisher.fails = Error{"cannot write"};
  publish();
  engine.publisher.fails.reset();
  const auto commit_and_publish = [&]() -> io::Task<void> {
    std::vector<std::function<io::Task<void>()>> tasks{[&]() -> io::Task<void> {
                                                         std::ignore = co_await ledger.commit();
                                                         engine.journal.recovers();
                                                       },
                                                       [&] { return publication.publish(); }};
    co_await io::run_all(std::move(tasks), 2);
  };
  engine.clock.run(commit_and_publish());
  EXPECT_EQ(engine.publisher.published(), " 10.0.0.1 10.0.0.2");
  EXPECT_FALSE(ledger.is_unwritten(id(2)));
}

TEST_F(Publication, KeepsThemBackAlsoAfterTheFileCouldNotBeWritten) {
  has(new_and_ready(1));
  engine.journal.fails_after(0);
  engine.publisher.fails = Error{"cannot write"};
  publish();
  engine.publisher.fails.reset();
  publish();
  EXPECT_EQ(engine.publisher.published(), "");

  engine.journal.recovers();
  publish();
  EXPECT_EQ(engine.publisher.published(), " 10.0.0.1");
  EXPECT_EQ(engine.machine(1).listing.first_began_at, noon);
}

TEST_F(Publication, ComplainsOfAFailingJournalOnlyOnce) {
  has(ready(1));
  has(new_and_ready(2));
  engine.journal.fails_after(0);
  publish();
  publish();
  EXPECT_THAT(engine.voice.problems, SizeIs(1));
}

TEST_F(Publication, ReportsAMachineWhoseLineWouldBeBad) {
  has(ready(1));
  has(ready(2));
  machine(1).address = "10.0.0.1 #";
  publish();
  publish();
  EXPECT_EQ(engine.publisher.published(), " 10.0.0.2");
  EXPECT_THAT(engine.voice.problems, ElementsAre(HasSubstr("a-1: taken out of use: its address")));
  EXPECT_FALSE(engine.machine(1).listing.is_listed);
}

TEST_F(Publication, RemembersTheLastDeliveryForTheNextPass) {
  has(ready(1));
  publish();
  ASSERT_TRUE(engine.journal.memory.last_delivery);
  EXPECT_EQ(engine.journal.memory.last_delivery->content, engine.publisher.contents.back());
  EXPECT_EQ(engine.journal.memory.last_delivery->at, noon);
  EXPECT_TRUE(engine.journal.memory.last_delivery->succeeded);

  engine.publisher.fails = Error{"updateCommand exited with 1"};
  publish();
  EXPECT_FALSE(engine.journal.memory.last_delivery->succeeded);
  publish();
  EXPECT_FALSE(engine.publisher.last_deliveries.back()->succeeded);
}

TEST_F(Publication, SaysThatAnotherProgramChangedTheFileAndWritesItAgain) {
  has(ready(1));
  publish();
  publish();
  EXPECT_THAT(engine.voice.notes, ElementsAre());
  engine.publisher.contents.push_back("");
  publish();
  EXPECT_EQ(engine.publisher.published(), " 10.0.0.1");
  EXPECT_THAT(engine.voice.notes, ElementsAre("here was removed or changed by another program; written again"));
}

// A report may be older than the order that it seems to contradict.
TEST_F(Publication, SaysNothingOfGatesThatAreSetAgain) {
  engine.config.queue.kind = QueueKind::hydra_rust;
  has(ready(1));
  publish();
  engine.publisher.contents.push_back("");
  publish();
  EXPECT_EQ(engine.publisher.published(), " 10.0.0.1");
  EXPECT_THAT(engine.voice.notes, ElementsAre());
}

TEST_F(Publication, TellsOfATypeThatIsNewInTheFile) {
  engine.config.placeholders = true;
  publish();
  EXPECT_THAT(engine.voice.notes, testing::Each(HasSubstr("written; steps queued before ")));
  EXPECT_THAT(engine.voice.notes,
              testing::Contains(HasSubstr("placeholder for " + engine.config.pools.begin()->first.text)));
  engine.voice.notes.clear();
  has(new_and_ready(1));
  publish();
  ledger.note(machine(1), MachineEvent::drained, "");
  publish();
  EXPECT_THAT(engine.voice.notes, testing::IsEmpty()) << "the queue runner has known the type all the time";
}

TEST_F(Publication, KeepsTheLastDeliveryWhereNothingHadToBeDelivered) {
  has(ready(1));
  publish();
  engine.clock.advance(Seconds{60});
  publish();
  EXPECT_EQ(engine.journal.memory.last_delivery->at, noon);
}

TEST_F(Publication, PublishesOnceMoreWhatBecameReadyMeanwhile) {
  has(ready(1));
  has(new_and_ready(2));
  machine(2).state = MachineState::creating;
  engine.publisher.takes = Seconds{20};
  const auto become_ready = [&]() -> io::Task<void> {
    co_await engine.clock.sleep_for(Seconds{10});
    machine(2).state = MachineState::ready;
    co_await publication.publish();
    EXPECT_EQ(engine.clock.now(), noon + Seconds{10});
  };
  const auto both = [&]() -> io::Task<void> {
    std::vector<std::function<io::Task<void>()>> tasks{[&] { return publication.publish(); }, become_ready};
    co_await io::run_all(std::move(tasks), 2);
  };
  engine.clock.run(both());
  EXPECT_THAT(engine.publisher.contents, SizeIs(2));
  EXPECT_EQ(engine.publisher.published(), " 10.0.0.1 10.0.0.2");
}

TEST_F(Publication, PublishesTheFirstOfABurstAtOnceAndTheOthersTogetherWithinASecond) {
  for (const std::int64_t number : {1, 2, 3, 4}) has(creating(number));
  work({{milliseconds{0}, ready_at_last(1)},
        {milliseconds{100}, expect_published(" 10.0.0.1")},
        {milliseconds{300}, ready_at_last(2)},
        {milliseconds{600}, ready_at_last(3)},
        {milliseconds{900}, expect_published(" 10.0.0.1")},
        {milliseconds{1200}, expect_published(" 10.0.0.1 10.0.0.2 10.0.0.3")},
        {milliseconds{5000}, ready_at_last(4)},
        {milliseconds{5100}, expect_published(" 10.0.0.1 10.0.0.2 10.0.0.3 10.0.0.4")}},
       milliseconds{9000});
  EXPECT_THAT(engine.publisher.last_deliveries, SizeIs(3));
}

TEST_F(Publication, PublishesALargerFarmMoreRarely) {
  for (std::int64_t number = 1; number <= 20'000; ++number) ledger.add(creating(number));
  work({{milliseconds{0}, ready_at_last(1)},
        {milliseconds{300}, ready_at_last(2)},
        {milliseconds{1900}, expect_published(" 10.0.0.1")},
        {milliseconds{2200}, expect_published(" 10.0.0.1 10.0.0.2")}},
       milliseconds{3000});
}

TEST_F(Publication, TakesAMachineOutAtOnceHoweverShortlyAfterAnotherBecameReady) {
  has(ready(1));
  has(creating(2));
  const auto drain = [&]() -> io::Task<void> {
    co_await engine.clock.sleep_for(milliseconds{100});
    ledger.note(machine(1), MachineEvent::drained, "surplus");
    co_await publication.publish();
    EXPECT_EQ(engine.publisher.published(), " 10.0.0.2");
    EXPECT_TRUE(machine(1).listing.ended_at) << "only now it may be destroyed";
    EXPECT_LT(engine.clock.exact_now() - began, milliseconds{200});
  };
  ready_at_last(2)();
  engine.clock.run(publication.publish_during(drain()));
  EXPECT_THAT(engine.publisher.contents, SizeIs(2)) << "of both, and of one";
}

TEST_F(Publication, DoesNotDelayTheEndOfTheWork) {
  has(creating(1));
  has(creating(2));
  work({{milliseconds{0}, ready_at_last(1)}, {milliseconds{100}, ready_at_last(2)}}, milliseconds{200});
  EXPECT_LT(engine.clock.exact_now() - began, milliseconds{300});
}

TEST_F(Publication, ListsMachinesOfPoolsThatAreNotConfiguredAnyMore) {
  engine.config.pools.clear();
  has(ready(1));
  publish();
  EXPECT_EQ(engine.publisher.published(), " 10.0.0.1");
}

TEST_F(Publication, LeavesOutMachinesOfWhosePoolNothingIsKnown) {
  engine.pools.clear();
  has(ready(1));
  publish();
  EXPECT_EQ(engine.publisher.published(), "");
}

TEST_F(Publication, TrustsNoAnswerFromBeforeItStoodStill) {
  has(new_and_ready(1));
  engine.journal.confirming_takes = Seconds{60};
  publish();
  EXPECT_EQ(engine.publisher.published(), "(nothing)");
  EXPECT_TRUE(publication.has_failed());
}

TEST_F(Publication, ReplacesNothingOnceAnotherHostLeads) {
  has(new_and_ready(1));
  engine.journal.lost_lead = Error{"beta leads"};
  publish();
  EXPECT_EQ(engine.publisher.published(), "(nothing)");
  EXPECT_TRUE(publication.has_failed());
  EXPECT_FALSE(machine(1).listing.first_began_at) << "no step can have come to it";
}

}  // namespace
}  // namespace hydra_provisioner::act
