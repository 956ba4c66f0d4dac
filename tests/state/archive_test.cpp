#include "state/archive.hpp"

#include <filesystem>
#include <string>
#include <utility>
#include <vector>

#include <SQLiteCpp/Database.h>
#include <SQLiteCpp/Statement.h>
#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/support/journal_on_disk.hpp"
#include "tests/support/usual.hpp"

namespace hydra_provisioner::state {
namespace {

using std::chrono::days;
using std::chrono::hours;
using std::chrono::minutes;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::SizeIs;

using support::noon;
using support::plain;

PassRecord pass_with(Instant start, std::vector<Load> load) { return {.start = start, .load = std::move(load)}; }

// A quarter of a minute in which this many steps wait.
Load waiting(std::int64_t steps, const PoolName& pool = plain) {
  return {.pool = pool, .observed = Seconds{15}, .waiting = steps * Seconds{15}, .most_waiting = steps};
}

// "12:05 x86_64-linux"
std::vector<std::string> places(const std::vector<LoadAt>& rows) {
  std::vector<std::string> places;
  for (const auto& [time, load] : rows) {
    const auto minute = std::chrono::duration_cast<minutes>(time - std::chrono::floor<days>(time)).count();
    places.push_back(fmt::format("{}:{:02} {}", minute / 60, minute % 60, load.pool));
  }
  return places;
}

TEST(LoadOfPasses, IsAddedUpInTheirFiveMinutesAndInTheirHour) {
  support::JournalOnDisk journal;
  journal.commit(pass_with(noon + Seconds{299}, {waiting(2)}));
  journal.commit(pass_with(noon + Seconds{314}, {waiting(4)}));
  journal.commit(pass_with(noon + Seconds{329}, {waiting(3)}));
  const Archive archive = journal.archive();
  const auto rows = archive.load(short_load_span, Instant{});
  EXPECT_THAT(places(rows), ElementsAre("12:00 x86_64-linux", "12:05 x86_64-linux"));
  EXPECT_EQ(rows[1].load.observed, Seconds{30});
  EXPECT_EQ(rows[1].load.waiting, 7 * Seconds{15});
  EXPECT_EQ(rows[1].load.most_waiting, 4);
  const auto hour = archive.load(long_load_span, Instant{});
  EXPECT_THAT(places(hour), ElementsAre("12:00 x86_64-linux"));
  EXPECT_EQ(hour[0].load.waiting, 9 * Seconds{15});
}

TEST(LoadOfPasses, KeepsEveryFigureApart) {
  const Load all{.pool = plain,
                 .observed = Seconds{1},
                 .untrusted = Seconds{2},
                 .waiting = Seconds{3},
                 .running = Seconds{4},
                 .most_waiting = 5,
                 .longest_wait = Seconds{6},
                 .boot = Seconds{7},
                 .busy = Seconds{8},
                 .idle = Seconds{9},
                 .drain = Seconds{10},
                 .cost = 0.25};
  support::JournalOnDisk journal;
  journal.commit(pass_with(noon, {all}));
  journal.commit(pass_with(noon + Seconds{1}, {all}));
  const Load load = journal.archive().load(short_load_span, Instant{}).at(0).load;
  const auto seconds = [](Seconds span) { return span.count(); };
  EXPECT_THAT((std::vector{seconds(load.observed), seconds(load.untrusted), seconds(load.waiting),
                           seconds(load.running), load.most_waiting, seconds(load.longest_wait), seconds(load.boot),
                           seconds(load.busy), seconds(load.idle), seconds(load.drain)}),
              ElementsAre(2, 4, 6, 8, 5, 6, 14, 16, 18, 20));
  EXPECT_EQ(load.cost, 0.5);
}

TEST(LoadOfPasses, IsReadByTimeAndPoolSinceATime) {
  support::JournalOnDisk journal;
  for (const int late : {0, 5, 10})
    journal.commit(pass_with(noon + minutes{late}, {waiting(1, PoolName{"b"}), waiting(1, PoolName{"a"})}));
  EXPECT_THAT(places(journal.archive().load(short_load_span, noon + minutes{5})),
              ElementsAre("12:05 a", "12:05 b", "12:10 a", "12:10 b"));
  EXPECT_THAT(journal.archive().load(short_load_span, noon + minutes{11}), IsEmpty());
}

TEST(LoadOfPasses, IsForgottenAfterTwoDaysForFiveMinutesAndWithTheHistoryForHours) {
  support::JournalOnDisk journal;
  const auto pass_before = [&](Seconds ago) {
    PassRecord pass = pass_with(noon - ago, {waiting(1)});
    pass.history = days{10};
    journal.commit(std::move(pass));
  };
  for (const Seconds ago : {Seconds{days{10} + hours{2}}, Seconds{days{9}}, Seconds{hours{49}}, Seconds{hours{47}}})
    pass_before(ago);
  EXPECT_THAT(journal.archive().load(short_load_span, Instant{}), SizeIs(2)) << "while the second is 2 hours old";
  EXPECT_THAT(journal.archive().load(long_load_span, Instant{}), SizeIs(4));
  pass_before(Seconds{0});
  const Archive archive = journal.archive();
  EXPECT_THAT(places(archive.load(short_load_span, Instant{})),
              ElementsAre("13:00 x86_64-linux", "12:00 x86_64-linux"));
  EXPECT_THAT(places(archive.load(long_load_span, Instant{})),
              ElementsAre("12:00 x86_64-linux", "11:00 x86_64-linux", "13:00 x86_64-linux", "12:00 x86_64-linux"));
}

TEST(LoadOfPasses, IsForgottenWithoutLookingAtAllOfIt) {
  support::JournalOnDisk journal;
  SQLite::Database file(journal.file());
  SQLite::Statement steps(file, "explain query plan delete from load where span = 300 and time < 1");
  ASSERT_TRUE(steps.executeStep());
  EXPECT_THAT(steps.getColumn(3).getString(), HasSubstr("SEARCH load USING PRIMARY KEY (span=? AND time<?)"));
}

class View : public testing::Test {
 protected:
  View() { journal.commit(pass_with(noon, {waiting(1)})); }
  std::string error() const {
    const auto view = Archive::view(journal.place());
    return view ? "(none)" : view.error().message;
  }
  void sql(const std::string& statement) const {
    SQLite::Database(journal.file(), SQLite::OPEN_READWRITE).exec(statement);
  }

  support::JournalOnDisk journal;
};

TEST_F(View, StaysAsItWasWhilePassesGoOn) {
  const Archive view = Archive::view(journal.place()).value();
  journal.commit(pass_with(noon + Seconds{15}, {waiting(1)}));
  EXPECT_THAT(view.passes(Instant{}), SizeIs(1));
  EXPECT_EQ(view.load(short_load_span, Instant{}).at(0).load.observed, Seconds{15});
  EXPECT_THAT(Archive::view(journal.place())->passes(Instant{}), SizeIs(2));
}

// A log would be taken for that of a journal that is put back in its place.
TEST_F(View, LeavesNoLogWhenItIsTheLastToClose) {
  {
    const Archive view = Archive::view(journal.place()).value();
    EXPECT_THAT(view.passes(Instant{}), SizeIs(1));
    journal.commit(pass_with(noon + Seconds{15}, {waiting(1)}));
    journal.close();
  }
  for (const char* suffix : {"-wal", "-shm"}) EXPECT_FALSE(std::filesystem::exists(journal.file() + suffix)) << suffix;
  EXPECT_THAT(Archive::open(journal.place())->passes(Instant{}), SizeIs(2));
}

TEST_F(View, IsAlsoOfAJournalThatNobodyWrites) {
  journal.close();
  EXPECT_THAT(Archive::view(journal.place())->passes(Instant{}), SizeIs(1));
}

TEST_F(View, RefusesAJournalOfAnOlderVersion) {
  journal.close();
  sql("pragma user_version = 14");
  EXPECT_EQ(error(), "journal " + journal.file() + " is of an older version; the next pass brings it up to date");
}

TEST_F(View, RefusesWhatIsNoJournalOrNotThere) {
  journal.close();
  sql("pragma application_id = 1");
  EXPECT_THAT(error(), HasSubstr("is not a journal of hydra-provisioner"));
  std::filesystem::remove(journal.file());
  EXPECT_THAT(error(), HasSubstr("cannot be read: unable to open database file"));
}

class Glance : public testing::Test {
 protected:
  static Machine machine(std::int64_t number, MachineState state) {
    Machine machine;
    machine.id = MachineId{fmt::format("a-{}", number)};
    machine.pool = plain;
    machine.state = state;
    return machine;
  }
  std::vector<std::string> glance(bool gone) const {
    std::vector<std::string> machines;
    const auto read = Archive::glance(journal.place(), [&](const Archive& archive) {
      machines.clear();
      for (const auto& [id, pool, state] : archive.machines_by_state(gone))
        machines.push_back(fmt::format("{} {} {}", id, pool, to_string(state)));
    });
    if (!read) machines = {read.error().message};
    return machines;
  }

  support::JournalOnDisk journal;
};

TEST_F(Glance, SeesMachinesBesideTheProgramThatWrites) {
  state::Changes changes;
  changes.machines = {machine(2, MachineState::ready), machine(10, MachineState::gone)};
  journal.commit(std::move(changes));
  EXPECT_THAT(glance(false), ElementsAre("a-2 x86_64-linux ready"));
  EXPECT_THAT(glance(true), ElementsAre("a-10 x86_64-linux gone"));
  journal.close();
  EXPECT_THAT(glance(false), SizeIs(1));
  for (const char* suffix : {"-wal", "-shm"}) EXPECT_FALSE(std::filesystem::exists(journal.file() + suffix)) << suffix;
}

TEST_F(Glance, FailsForWhatIsNoJournal) {
  journal.close();
  std::filesystem::resize_file(journal.file(), 100);
  EXPECT_THAT(glance(false), ElementsAre(HasSubstr("cannot be read")));
}

}  // namespace
}  // namespace hydra_provisioner::state
