#include "act/ledger.hpp"

#include <cstddef>
#include <cstdint>
#include <functional>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "io/async/gather.hpp"
#include "tests/act/engine.hpp"

namespace hydra_provisioner::act {
namespace {

using testing::ElementsAre;

class LedgerTest : public testing::Test {
 protected:
  Expected<void> commit() { return clock.run(ledger.commit()); }
  std::vector<std::string> kinds() const {
    std::vector<std::string> kinds;
    for (const state::JournalEvent& event : journal.events) kinds.push_back(event.kind);
    return kinds;
  }

  // Of each machine at the same time. How many succeed?
  std::int64_t commit_each(std::int64_t machines) {
    std::int64_t succeeded = 0;
    std::vector<std::function<io::Task<void>()>> all;
    for (std::int64_t number = 1; number <= machines; ++number) {
      ledger.add(ready(number));
      all.emplace_back([this, number, &succeeded]() -> io::Task<void> {
        ledger.note(ledger.at(id(number)), MachineEvent::drained, "surplus");
        if (co_await ledger.commit()) ++succeeded;
      });
    }
    clock.run(io::run_all(std::move(all), static_cast<std::size_t>(machines)));
    return succeeded;
  }

  fakes::Chronicle chronicle;
  fakes::FakeClock clock;
  fakes::FakeJournal journal{clock, chronicle};
  Ledger ledger{journal, clock, {ready(10), ready(9)}};
};

TEST_F(LedgerTest, KeepsMachinesByNumber) {
  ledger.add(creating(2));
  std::vector<std::string> ids;
  for (const Machine* machine : ledger.all()) ids.push_back(machine->id.text);
  EXPECT_THAT(ids, ElementsAre("a-2", "a-9", "a-10"));
  EXPECT_EQ(ledger.find(id(3)), nullptr);
}

TEST_F(LedgerTest, WritesAMachineAndItsEventTogether) {
  clock.advance(Seconds{5});
  ledger.note(ledger.at(id(9)), MachineEvent::drained, "surplus");
  EXPECT_TRUE(commit());
  EXPECT_THAT(chronicle.entries, ElementsAre("commit a-9 draining listed"));
  ASSERT_EQ(journal.events.size(), 1);
  EXPECT_EQ(journal.events[0].time, noon + Seconds{5});
  EXPECT_EQ(journal.events[0].machine, id(9));
  EXPECT_EQ(journal.events[0].pool, pool);
  EXPECT_EQ(journal.events[0].kind, "draining");
  EXPECT_EQ(journal.events[0].reason, "surplus");
  EXPECT_EQ(journal.machine(id(9)).since, noon + Seconds{5});
}

TEST_F(LedgerTest, WritesNothingTwice) {
  ledger.touch(ledger.at(id(9)));
  EXPECT_TRUE(commit());
  EXPECT_TRUE(commit());
  EXPECT_THAT(chronicle.entries, ElementsAre("commit a-9 ready listed"));
}

TEST_F(LedgerTest, IgnoresAnEventThatMakesNoSense) {
  ledger.note(ledger.at(id(9)), MachineEvent::undrained, "?");
  EXPECT_TRUE(commit());
  EXPECT_THAT(chronicle.entries, ElementsAre());
  EXPECT_EQ(ledger.at(id(9)).state, MachineState::ready);
}

TEST_F(LedgerTest, KnowsWhoElseHasTheNameOfAMachine) {
  EXPECT_EQ(ledger.namesake_in_use(ledger.at(id(9))), nullptr);
  ledger.at(id(10)).address = "ROOT@10.0.0.9";
  ledger.touch(ledger.at(id(10)));
  EXPECT_EQ(ledger.namesake_in_use(ledger.at(id(9))), &ledger.at(id(10)));
  EXPECT_EQ(ledger.namesake_in_use(ledger.at(id(10))), &ledger.at(id(9)));

  ledger.at(id(10)).state = MachineState::stopped;
  EXPECT_EQ(ledger.namesake_in_use(ledger.at(id(9))), nullptr) << "no step can come to it";
  ledger.at(id(10)).state = MachineState::draining;
  EXPECT_NE(ledger.namesake_in_use(ledger.at(id(9))), nullptr);

  ledger.at(id(10)).address = "10.0.0.10";
  ledger.touch(ledger.at(id(10)));
  EXPECT_EQ(ledger.namesake_in_use(ledger.at(id(9))), nullptr) << "it had the name before";
}

TEST_F(LedgerTest, KeepsAFailuresReason) {
  ledger.note(ledger.at(id(9)), MachineEvent::failed, "not ready in time");
  EXPECT_TRUE(commit());
  EXPECT_EQ(journal.machine(id(9)).last_error, "not ready in time");
}

TEST_F(LedgerTest, WritesAfterAnErrorWhatItCouldNotWriteBefore) {
  journal.fails_after(0);
  ledger.note(ledger.at(id(9)), MachineEvent::drained, "surplus");
  EXPECT_FALSE(commit());
  ledger.note(ledger.at(id(9)), MachineEvent::undrained, "needed again");
  ledger.touch(ledger.at(id(10)));
  journal.recovers();
  EXPECT_TRUE(commit());
  EXPECT_THAT(chronicle.entries, ElementsAre("commit failed", "commit a-10 ready listed a-9 ready listed"));
  EXPECT_THAT(kinds(), ElementsAre("draining", "ready"));
}

TEST_F(LedgerTest, WritesTogetherWhatSeveralNoteWhileItWrites) {
  EXPECT_EQ(commit_each(5), 5);
  EXPECT_THAT(chronicle.entries, ElementsAre("commit a-1 draining listed",
                                             "commit a-2 draining listed a-3 draining listed "
                                             "a-4 draining listed a-5 draining listed"));
  EXPECT_EQ(journal.events.size(), 5);
}

TEST_F(LedgerTest, TellsAllOfThemThatItCouldNotWrite) {
  journal.fails_after(1);
  EXPECT_EQ(commit_each(5), 1);
  EXPECT_TRUE(ledger.is_unwritten(id(5)));
  journal.recovers();
  EXPECT_TRUE(commit());
  EXPECT_EQ(journal.events.size(), 5);
}

TEST_F(LedgerTest, WritesWhatElseIsHandedIn) {
  state::Changes besides;
  ledger.note(pool, CreationRecord{.failed_passes = 2, .last_failed_pass = noon, .failures = {}});
  besides.last_delivery = LastDelivery{.content = "x", .at = noon, .succeeded = true, .destination = "here"};
  EXPECT_TRUE(clock.run(ledger.commit(std::move(besides))));
  EXPECT_EQ(journal.memory.creations[pool].failed_passes, 2);
  EXPECT_EQ(journal.memory.last_delivery->content, "x");
}

}  // namespace
}  // namespace hydra_provisioner::act
