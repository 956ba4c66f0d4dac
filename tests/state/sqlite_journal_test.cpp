#include "state/sqlite_journal.hpp"

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

#include <SQLiteCpp/Database.h>
#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <rapidcheck.h>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/use_future.hpp>

#include "tests/support/temporary_folder.hpp"
#include "tests/support/usual.hpp"

namespace hydra_provisioner::state {
namespace {

namespace fs = std::filesystem;
using std::chrono::days;
using std::chrono::hours;
using std::chrono::minutes;
using testing::AllOf;
using testing::ElementsAre;
using testing::EndsWith;
using testing::HasSubstr;
using testing::StartsWith;

using support::noon;

constexpr std::int64_t schema = 15;

class Journal : public testing::Test {
 protected:
  // Everything is checked on the way: a test whose subject is no error needs no error.
  void open() {
    journal_.reset();
    auto opened = SqliteJournal::open(file());
    ASSERT_TRUE(opened) << opened.error().message;
    journal_ = *std::move(opened);
  }
  void close() { journal_.reset(); }
  Spending spent_since(std::set<Instant> times) { return run(journal_->spent_since(std::move(times))).value(); }
  Memory load(Instant now = noon) {
    auto memory = run(journal_->load(now));
    EXPECT_TRUE(memory) << memory.error().message;
    return memory.value_or(Memory{});
  }
  Totals totals() { return run(journal_->totals()).value(); }
  Expected<void> try_commit(Changes changes) { return run(journal_->commit(std::move(changes))); }
  void commit(Changes changes) {
    const auto written = try_commit(std::move(changes));
    ASSERT_TRUE(written) << written.error().message;
  }
  std::string error_of_opening() const {
    const auto opened = SqliteJournal::open(file());
    return opened ? "(none)" : opened.error().message;
  }
  std::string error_of_looking() const {
    const auto memory = SqliteJournal::look(file(), noon);
    return memory ? "(none)" : memory.error().message;
  }

  // Behind the journal's back.
  void sql(const std::string& statement) const {
    SQLite::Database(file(), SQLite::OPEN_READWRITE | SQLite::OPEN_CREATE).exec(statement);
  }
  std::int64_t number(const std::string& query) const { return SQLite::Database(file()).execAndGet(query).getInt64(); }
  void holds(const std::string& content) const { std::ofstream(file()) << content; }

  std::string file() const { return folder_.path + "/" + name; }

  std::string name = "a.sqlite";
  support::TemporaryFolder folder_;

 private:
  template <class T>
  T run(io::Task<T> task) {
    context_.restart();
    auto result = boost::asio::co_spawn(context_, std::move(task), boost::asio::use_future);
    context_.run();
    return result.get();
  }

  boost::asio::io_context context_;  // outlives the journal's thread
  std::unique_ptr<SqliteJournal> journal_;
};

Machine machine(std::int64_t number, MachineState state = MachineState::ready) {
  Machine machine;
  machine.id = MachineId{fmt::format("a-{}", number)};
  machine.pool = PoolName{"x86_64-linux"};
  machine.state = state;
  return machine;
}

Changes of(std::vector<Machine> machines) {
  Changes changes;
  changes.machines = std::move(machines);
  return changes;
}

JournalEvent event(Instant time, const std::string& kind, const std::string& pool = "x86_64-linux") {
  return {.time = time, .machine = MachineId{"a-1"}, .pool = PoolName{pool}, .kind = kind, .reason = "because"};
}

std::vector<std::string> ids(const Memory& memory) {
  std::vector<std::string> ids;
  for (const Machine& machine : memory.machines) ids.push_back(machine.id.text);
  return ids;
}

// What it remembers.

TEST_F(Journal, BeginsEmpty) {
  open();
  const Memory memory = load();
  EXPECT_THAT(memory.machines, ElementsAre());
  EXPECT_THAT(memory.pools, ElementsAre());
  EXPECT_THAT(memory.creations, ElementsAre());
  EXPECT_FALSE(memory.last_delivery);
  EXPECT_EQ(memory.next_number, 0);
}

TEST_F(Journal, AddsUpWhatGrows) {
  open();
  Changes changes;
  count(changes.totals, Total::creations, {"x86_64-linux:kvm,benchmark"});
  count(changes.totals, Total::cost, {"x86_64-linux", "busy", ""}, 0.25);
  count(changes.totals, Total::publication_failures, {});
  commit(changes);
  commit(changes);
  open();
  Totals expected = changes.totals;
  add(expected, changes.totals);
  EXPECT_EQ(totals(), expected);
}

TEST_F(Journal, KnowsSinceWhenStepsWait) {
  open();
  Changes changes;
  changes.waiting.emplace().emplace(PoolName{"a"}, noon);
  commit(changes);
  commit(of({machine(1)}));
  EXPECT_THAT(load().waiting, ElementsAre(testing::Pair(PoolName{"a"}, noon)));
  changes.waiting->clear();
  commit(changes);
  EXPECT_THAT(load().waiting, ElementsAre());
}

rc::Gen<Instant> any_instant() { return rc::gen::map(rc::gen::inRange<std::int64_t>(0, 1L << 40), from_unix); }
rc::Gen<std::optional<Instant>> perhaps_an_instant() {
  return rc::gen::map(rc::gen::maybe(any_instant()), [](const rc::Maybe<Instant>& instant) {
    return instant ? std::optional(*instant) : std::nullopt;
  });
}

Machine any_machine() {
  Machine any = machine(*rc::gen::inRange(0, 5));
  any.pool.text = *rc::gen::arbitrary<std::string>();
  any.provider = static_cast<ProviderKind>(*rc::gen::inRange(0, 4));
  any.instance.text = *rc::gen::arbitrary<std::string>();
  any.state = *rc::gen::distinctFrom(
      rc::gen::map(rc::gen::inRange(0, 9), [](int n) { return static_cast<MachineState>(n); }), MachineState::gone);
  any.since = *any_instant();
  any.requested_at = *any_instant();
  any.address = *rc::gen::arbitrary<std::string>();
  any.host_key = *rc::gen::arbitrary<std::string>();
  any.spec_hash = *rc::gen::arbitrary<std::string>();
  any.launched_at = *perhaps_an_instant();
  any.billing_period = Seconds{*rc::gen::inRange(0, 86400)};
  any.checked_at = *perhaps_an_instant();
  any.kept_alive_at = *perhaps_an_instant();
  any.noted_as = MachineId{*rc::gen::element<std::string>("", "t-0")};
  if (*rc::gen::arbitrary<bool>()) any.slot = *rc::gen::inRange(0, 9);
  any.ready_at = *perhaps_an_instant();
  any.listing.began_at = *perhaps_an_instant();
  any.listing.is_listed = *rc::gen::arbitrary<bool>();
  any.listing.first_began_at = *perhaps_an_instant();
  any.listing.ended_at = *perhaps_an_instant();
  if (any.listing.ended_at) any.listing.lasted = Seconds{*rc::gen::inRange<std::int64_t>(0, 100'000)};
  any.cannot_stop = *rc::gen::arbitrary<bool>();
  any.last_error = *rc::gen::arbitrary<std::string>();
  return any;
}

auto fields(const Machine& m) {
  return std::tie(m.id, m.pool, m.provider, m.instance, m.state, m.since, m.requested_at, m.address, m.host_key,
                  m.spec_hash, m.launched_at, m.billing_period, m.checked_at, m.kept_alive_at, m.noted_as, m.slot,
                  m.ready_at, m.listing.began_at, m.listing.is_listed, m.listing.first_began_at, m.listing.ended_at,
                  m.listing.lasted, m.cannot_stop, m.last_error);
}

TEST_F(Journal, RemembersEveryFieldOfAMachine) {
  open();
  EXPECT_TRUE(rc::check([&] {
    const Machine written = any_machine();
    commit(of({written}));
    const std::vector<Machine> machines = load().machines;
    const auto read = std::ranges::find(machines, written.id, &Machine::id);
    RC_ASSERT(read != machines.end());
    RC_ASSERT(fields(*read) == fields(written));
  }));
}

TEST_F(Journal, DoesNotRememberWhatEachPassFindsOutAnew) {
  open();
  Machine written = machine(1);
  written.found.vanished = written.found.interrupted = true;
  written.found.under_way = Operation::create;
  commit(of({written}));
  const Memory memory = load();
  EXPECT_FALSE(memory.machines[0].found.vanished || memory.machines[0].found.interrupted ||
               memory.machines[0].found.under_way);
}

TEST_F(Journal, RemembersMachinesByNumberButForThoseThatAreGone) {
  open();
  commit(of({machine(10), machine(9), machine(8, MachineState::gone), machine(11, MachineState::failed)}));
  EXPECT_THAT(ids(load()), ElementsAre("a-9", "a-10", "a-11"));
  commit(of({machine(9, MachineState::gone)}));
  EXPECT_THAT(ids(load()), ElementsAre("a-10", "a-11"));
}

TEST_F(Journal, NeverGivesANumberTwice) {
  open();
  commit(of({machine(3), machine(7)}));
  EXPECT_EQ(load().next_number, 8);
  commit(of({machine(3, MachineState::gone), machine(7, MachineState::gone)}));
  EXPECT_EQ(load().next_number, 8);
  close();
  open();
  EXPECT_EQ(load().next_number, 8);
}

TEST_F(Journal, RemembersTheFailuresOfTwoHours) {
  open();
  Changes changes;
  changes.events = {event(noon - minutes{1}, "failed"), event(noon - minutes{119}, "failed"),
                    event(noon - minutes{120}, "failed"), event(noon - minutes{2}, "ready"),
                    event(noon - minutes{3}, "failed", "b")};
  changes.creations[PoolName{"x86_64-linux"}] = {
      .failed_passes = 2, .last_failed_pass = noon - minutes{1}, .failures = {noon}, .last_useless = noon};
  commit(std::move(changes));
  const auto creations = load().creations;
  const CreationRecord& record = creations.at(PoolName{"x86_64-linux"});
  EXPECT_EQ(record.failed_passes, 2);
  EXPECT_EQ(record.last_failed_pass, noon - minutes{1});
  EXPECT_EQ(record.last_useless, noon);
  EXPECT_THAT(record.failures, ElementsAre(noon - minutes{119}, noon - minutes{1}));
  EXPECT_THAT(creations.at(PoolName{"b"}).failures, ElementsAre(noon - minutes{3}));
  EXPECT_EQ(creations.at(PoolName{"b"}).failed_passes, 0);
}

TEST_F(Journal, RemembersPoolsByNameAndProvider) {
  open();
  const PoolName name{"x86_64-linux"};
  Changes changes;
  changes.pools = {{.name = name, .provider = ProviderKind::local, .settings_json = "{}"},
                   {.name = name, .provider = ProviderKind::nixops, .settings_json = "{\"maxMachines\":1}"}};
  commit(changes);
  changes.pools = {{.name = name, .provider = ProviderKind::nixops, .settings_json = "{\"maxMachines\":2}"}};
  commit(changes);
  std::vector<std::string> pools;
  for (const RecordedPool& pool : load().pools) {
    pools.push_back(fmt::format("{} {} {}", pool.name, to_string(pool.provider), pool.settings_json));
  }
  std::ranges::sort(pools);
  EXPECT_THAT(pools, ElementsAre("x86_64-linux local {}", "x86_64-linux nixops {\"maxMachines\":2}"));
}

TEST_F(Journal, RemembersTheLastDelivery) {
  open();
  Changes changes;
  changes.last_delivery = LastDelivery{.content = "# hydra-provisioner a\n", .at = noon, .succeeded = true};
  commit(changes);
  EXPECT_EQ(load().last_delivery->trouble, std::nullopt);
  const Unpublished trouble{noon + minutes{1}, "cannot write"};
  changes.last_delivery =
      LastDelivery{.content = "# hydra-provisioner a\nx\n", .at = noon + minutes{1}, .trouble = trouble};
  commit(changes);
  commit(of({machine(1)}));
  const auto delivery = load().last_delivery;
  ASSERT_TRUE(delivery);
  EXPECT_EQ(delivery->content, "# hydra-provisioner a\nx\n");
  EXPECT_EQ(delivery->at, noon + minutes{1});
  EXPECT_FALSE(delivery->succeeded);
  EXPECT_EQ(delivery->trouble, trouble);
}

TEST_F(Journal, RemembersHowLongStepsTook) {
  open();
  Changes changes;
  changes.step_times = {{PoolName{"a"}, Millis{23'500}}, {PoolName{"b"}, Millis{1}}};
  commit(changes);
  changes.step_times = {{PoolName{"b"}, Millis{2}}};
  commit(changes);
  EXPECT_THAT(load().step_times,
              ElementsAre(std::pair(PoolName{"a"}, Millis{23'500}), std::pair(PoolName{"b"}, Millis{2})));
}

TEST_F(Journal, RemembersOrdersUntilTheyAreTakenBackOrOver) {
  open();
  Changes changes;
  const Order protection{
      .value = 0, .since = noon, .until = noon + hours{2}, .author = "alice", .reason = "it is looked at"};
  const Order limit{.value = 4, .since = noon, .until = {}};
  changes.orders = {{{OrderKind::protect, "a-1"}, protection},
                    {{OrderKind::max_machines, "x86_64-linux"}, limit},
                    {{OrderKind::pause, ""}, limit}};
  commit(changes);
  changes.orders = {{{OrderKind::pause, ""}, std::nullopt}};
  commit(changes);
  EXPECT_EQ(load().orders,
            (Orders{{{OrderKind::protect, "a-1"}, protection}, {{OrderKind::max_machines, "x86_64-linux"}, limit}}));
  Changes later;
  later.pass = PassRecord{.start = noon + hours{2}};
  commit(later);
  EXPECT_EQ(load().orders, (Orders{{{OrderKind::max_machines, "x86_64-linux"}, limit}}));
}

TEST_F(Journal, ForgetsTheOrdersOfMachinesThatAreGone) {
  open();
  Changes changes = of({machine(1)});
  changes.orders = {{{OrderKind::drain, machine(1).id.text}, Order{.value = 0, .since = noon, .until = {}}}};
  commit(changes);
  EXPECT_EQ(load().orders.size(), 1U);
  Machine gone = machine(1);
  gone.state = MachineState::gone;
  Changes end = of({gone});
  end.pass = PassRecord{.start = noon};
  commit(end);
  EXPECT_TRUE(load().orders.empty());
}

TEST_F(Journal, RemembersAllOfItAfterItWasClosed) {
  open();
  Changes changes = of({machine(1)});
  changes.events = {event(noon, "ready")};
  changes.pass = PassRecord{.start = noon, .duration = Seconds{90}, .clocks_json = "{\"a\":1}"};
  commit(std::move(changes));
  close();
  open();
  EXPECT_THAT(ids(load()), ElementsAre("a-1"));
  EXPECT_EQ(number("select count(*) from events where machine = 'a-1' and kind = 'ready' and reason = 'because'"), 1);
  EXPECT_EQ(number("select duration from passes where clocks = '{\"a\":1}'"), 90);
}

TEST_F(Journal, KeepsOnlySoManyEventsAndPasses) {
  open();
  const auto recent = to_unix(noon - hours{1});
  for (const std::int64_t id : {1, 2, 200'001})
    sql(fmt::format("insert into events values ({}, {}, 'a-1', 'p', 'ready', '', '')", id, recent));
  for (const std::int64_t id : {1, 2, 20'001})
    sql(fmt::format("insert into passes values ({}, {}, 0, '', 0, '')", id, recent));
  sql("insert into facts values ('a', 1, 2, 'x'), ('a', 2, 20001, 'y'), ('a', 20001, null, 'z')");
  Changes changes;
  changes.events = {event(noon, "ready")};
  changes.pass = PassRecord{.start = noon, .duration = {}, .facts = {{"a", "z"}}};
  commit(std::move(changes));
  EXPECT_EQ(number("select min(id) from events"), 200'001);
  EXPECT_EQ(number("select count(*) from events"), 2);
  EXPECT_EQ(number("select min(id) from passes"), 20'001);
  EXPECT_EQ(number("select count(*) from passes"), 2);
  EXPECT_EQ(number("select count(*) from facts"), 1) << "what no pass refers to is forgotten, and nothing else";
  EXPECT_EQ(number("select since from facts where value = 'z'"), 20'001);
}

TEST_F(Journal, WritesAllOrNothing) {
  open();
  sql("create trigger full before insert on passes begin select raise(abort, 'full'); end");
  Changes changes = of({machine(1)});
  changes.pass = PassRecord{};
  const auto written = try_commit(std::move(changes));
  ASSERT_FALSE(written);
  EXPECT_THAT(written.error().message, HasSubstr("journal " + file() + ": cannot be written: full"));
  EXPECT_THAT(load().machines, ElementsAre());
}

// Files that are none of ours, or none any more.

TEST_F(Journal, IsReadOnlyByItsUserWhateverTheFolder) {
  const auto modes = [&] {
    std::vector<std::string> wrong;
    for (const auto& entry : fs::directory_iterator(folder_.path)) {
      if (entry.status().permissions() != (fs::perms::owner_read | fs::perms::owner_write))
        wrong.push_back(entry.path().filename());
    }
    return wrong;
  };
  fs::permissions(folder_.path, fs::perms::all);
  const mode_t before = ::umask(0);
  open();
  ::umask(before);
  Changes changes;
  changes.machines.push_back(machine(1));
  commit(std::move(changes));
  EXPECT_TRUE(fs::exists(file() + "-wal"));
  EXPECT_THAT(modes(), testing::IsEmpty());
  fs::permissions(file(), fs::perms::all);
  fs::permissions(file() + "-wal", fs::perms::all);
  open();
  EXPECT_THAT(modes(), testing::IsEmpty()) << "also what an older version wrote";
}

TEST_F(Journal, RefusesWhatIsNoDatabase) {
  holds(std::string(5000, 'x'));
  const auto is_explained = AllOf(StartsWith("journal " + file() + ": cannot be "), HasSubstr("file is not a database"),
                                  EndsWith("machines are then found again through their providers"));
  EXPECT_THAT(error_of_opening(), is_explained);
  EXPECT_THAT(error_of_looking(), is_explained);
}

TEST_F(Journal, RefusesADamagedFile) {
  open();
  for (int n = 0; n < 100; ++n) commit(of({machine(n)}));
  close();
  std::fstream damaged(file(), std::ios::in | std::ios::out | std::ios::binary);
  damaged.seekp(4096);
  damaged << std::string(fs::file_size(file()) - 4096, '\xff');
  damaged.close();
  EXPECT_THAT(error_of_looking(), HasSubstr("malformed"));
  const auto opened = SqliteJournal::open(file());
  if (!opened) {
    EXPECT_THAT(opened.error().message, HasSubstr("malformed"));
    return;
  }
  boost::asio::io_context context;
  auto memory = boost::asio::co_spawn(context, (*opened)->load(noon), boost::asio::use_future);
  context.run();
  EXPECT_THAT(memory.get().error().message, HasSubstr("malformed"));
}

TEST_F(Journal, RefusesAWordThatItNeverWrote) {
  open();
  commit(of({machine(1)}));
  close();
  sql("update machines set state = 'sleeping'");
  EXPECT_THAT(error_of_looking(), HasSubstr("\"sleeping\" is unknown to this version"));
}

TEST_F(Journal, SaysWhatWasSpent) {
  open();
  const Instant hour = std::chrono::floor<std::chrono::hours>(noon);
  const auto pass_at = [&](Instant time, std::vector<Usage> usage) {
    Changes changes;
    changes.pass = PassRecord{.start = time, .usage = std::move(usage)};
    commit(changes);
  };
  const Usage priced{.pool = PoolName{"a"},
                     .price_per_hour = Micros{7'200'000},
                     .boot = Seconds{1},
                     .busy = Seconds{2},
                     .idle = Seconds{3},
                     .drain = Seconds{4},
                     .stopped = Seconds{1000}};
  pass_at(hour - Seconds{3600}, {priced});
  pass_at(hour + Seconds{60}, {priced, {.pool = PoolName{"b"}, .busy = Seconds{5}}});
  const Spending spent = spent_since({hour - Seconds{3600}, hour + Seconds{60}});
  using Pools = std::map<PoolName, Micros>;
  EXPECT_EQ(spent.at(hour - Seconds{3600}), (Pools{{PoolName{"a"}, Micros{40'000}}}));
  EXPECT_EQ(spent.at(hour + Seconds{60}), (Pools{{PoolName{"a"}, Micros{20'000}}})) << "whole hours, without stopped";
  close();
  EXPECT_EQ(SqliteJournal::look(file(), noon, {hour})->spent.at(hour), (Pools{{PoolName{"a"}, Micros{20'000}}}));
}

TEST_F(Journal, RefusesAnotherProgramsDatabase) {
  sql("create table songs (title text)");
  const std::string expected =
      "journal " + file() + " is not a journal of hydra-provisioner; choose another --state-dir or move it away";
  EXPECT_EQ(error_of_opening(), expected);
  EXPECT_EQ(error_of_looking(), expected);
  EXPECT_EQ(number("select count(*) from sqlite_master"), 1);
}

TEST_F(Journal, ReadsWhatTheFirstVersionWrote) {
  open();
  commit(of({machine(7)}));
  close();
  for (const char* table : {"facts", "usage", "gaps", "passes", "orders", "step_times", "totals", "waiting", "load"})
    sql(fmt::format("drop table {}", table));
  for (const char* index : {"events_by_time", "machines_by_number", "machines_gone"})
    sql(fmt::format("drop index {}", index));
  sql("create table passes (id integer primary key, start integer not null, duration integer not null, "
      "inputs text not null, plan text not null) strict");
  sql("insert into passes values (41, 7, 3, '{}', '{}')");
  for (const char* column : {"failing_since", "trouble"})
    sql(fmt::format("alter table deliveries drop column {}", column));
  for (const char* column :
       {"billing_period", "checked_at",      "listed_for",     "failed_operation", "failed_in_a_row",
        "failed_at",      "cannot_redeploy", "leaves_in_turn", "unanswered_since", "kept_alive_at",
        "owner",          "noted_as",        "slot",           "seen_idle_at",     "seen_out_at",
        "missing_since",  "closed_since",    "joined_at",      "seen_open",        "wanted_since"})
    sql(fmt::format("alter table machines drop column {}", column));
  for (const char* column : {"last_error", "recipe", "counted_from", "last_useless"})
    sql(fmt::format("alter table creations drop column {}", column));
  sql("alter table events drop column class");
  sql("pragma user_version = 1");
  const auto seen = SqliteJournal::look(file(), noon);
  ASSERT_TRUE(seen) << seen.error().message;
  EXPECT_EQ(seen->machines.front().id, machine(7).id);
  EXPECT_EQ(number("pragma user_version"), 1) << "looking changes nothing";
  open();
  EXPECT_EQ(load().machines.front().billing_period, Seconds{0});
  EXPECT_EQ(number("pragma user_version"), schema);
  EXPECT_EQ(number("select id from passes where start = 7 and duration = 3 and clocks = ''"), 41);
}

TEST_F(Journal, GetsTheTableOfLoadFromTheVersionBefore) {
  open();
  commit(of({machine(7)}));
  close();
  sql("drop table load");
  sql("pragma user_version = 14");
  open();
  Changes changes;
  changes.pass = PassRecord{.start = noon, .load = {{.pool = PoolName{"a"}, .observed = Seconds{15}}}};
  commit(std::move(changes));
  EXPECT_EQ(number("pragma user_version"), schema);
  EXPECT_EQ(number("select sum(observed) from load where pool = 'a'"), 30) << "of five minutes, and of an hour";
  EXPECT_EQ(load().machines.front().id, machine(7).id);
}

Machine gone(std::int64_t number, Instant since) {
  Machine gone = machine(number, MachineState::gone);
  gone.since = since;
  return gone;
}

TEST_F(Journal, ForgetsWhatIsOlderThanItsHistory) {
  open();
  Changes past = of({gone(1, noon - days{11}), gone(2, noon - days{9}), machine(3), gone(4, noon - days{11})});
  past.events = {event(noon - days{11}, "ready"), event(noon - days{9}, "gone")};
  commit(std::move(past));
  Changes now;
  now.pass = PassRecord{.start = noon, .history = days{10}};
  commit(std::move(now));
  EXPECT_EQ(number("select group_concat(number, '') from machines"), 234) << "numbers are never used twice";
  EXPECT_EQ(number("select count(*) from events where kind = 'gone'"), 1);
  EXPECT_EQ(number("select count(*) from events"), 1);
}

TEST_F(Journal, RefusesWhatANewerVersionWrote) {
  open();
  close();
  sql("pragma user_version = 99");
  const std::string expected =
      fmt::format("journal {} was written by a newer version (schema 99, this one knows {}); use that version again",
                  file(), schema);
  EXPECT_EQ(error_of_opening(), expected);
  EXPECT_EQ(error_of_looking(), expected);
}

TEST_F(Journal, RefusesAFolder) {
  fs::create_directory(file());
  EXPECT_THAT(error_of_opening(), HasSubstr("cannot be opened: unable to open database file; look after its folder"));
  EXPECT_THAT(error_of_looking(), StartsWith("journal " + file() + ": cannot be read: "));
}

TEST_F(Journal, RefusesAFolderThatDoesNotExist) {
  name = "none/a.sqlite";
  EXPECT_THAT(error_of_opening(), HasSubstr("unable to open database file; look after its folder"));
}

TEST_F(Journal, TakesAnEmptyFileForANewOne) {
  holds("");
  EXPECT_EQ(error_of_looking(), "(none)");
  open();
  EXPECT_EQ(load().next_number, 0);
}

// Waits for five seconds, as long as the journal itself does.
TEST_F(Journal, GivesUpWhileAnotherProcessHoldsIt) {
  open();
  SQLite::Database other(file(), SQLite::OPEN_READWRITE);
  other.exec("begin exclusive");
  const auto written = try_commit(of({machine(1)}));
  ASSERT_FALSE(written);
  EXPECT_THAT(written.error().message,
              HasSubstr("cannot be written: database is locked; end the process that holds it"));
  other.exec("rollback");
  commit(of({machine(1)}));
  EXPECT_THAT(ids(load()), ElementsAre("a-1"));
}

// A file system of 512 KiB in the journal's folder.
class JournalOnASmallDisk : public Journal {
 protected:
  void SetUp() override {
    if (::geteuid() != 0 || ::mount("none", folder_.path.c_str(), "tmpfs", 0, "size=512k") != 0) {
      FAIL() << "needs root, to mount a file system";
    }
    is_mounted_ = true;
  }
  void TearDown() override {
    close();
    if (is_mounted_) EXPECT_EQ(::umount(folder_.path.c_str()), 0);
  }

 private:
  bool is_mounted_ = false;
};

TEST_F(JournalOnASmallDisk, SaysThatTheDiskIsFullAndGoesOnWhenThereIsSpace) {
  open();
  commit(of({machine(1)}));
  std::ofstream(folder_.path + "/filler") << std::string(1 << 20, 'x');
  Machine big = machine(2);
  big.last_error.assign(64 << 10, 'x');
  const auto written = try_commit(of({big}));
  ASSERT_FALSE(written);
  EXPECT_THAT(written.error().message,
              AllOf(StartsWith("journal " + file() + ": cannot be written: "), EndsWith("free space")));
  EXPECT_THAT(ids(load()), ElementsAre("a-1"));

  fs::remove(folder_.path + "/filler");
  commit(of({machine(2)}));
  EXPECT_THAT(ids(load()), ElementsAre("a-1", "a-2"));
}

TEST_F(JournalOnASmallDisk, SaysThatItCannotBeWrittenOnAReadOnlyOne) {
  open();
  commit(of({machine(1)}));
  close();
  ASSERT_EQ(::mount("none", folder_.path.c_str(), "tmpfs", MS_REMOUNT | MS_RDONLY, nullptr), 0);
  EXPECT_THAT(error_of_opening(), AllOf(StartsWith("journal " + file() + ": cannot be opened: "),
                                        EndsWith("look after its folder, its owner and permissions")));
  EXPECT_EQ(error_of_looking(), "(none)");
}

// To look only.

class Look : public Journal {
 protected:
  // Every file with its size and time, but for SQLite's index of a log, which it makes anew after a crash.
  std::vector<std::string> listing() const {
    std::vector<std::string> files;
    for (const auto& entry : fs::recursive_directory_iterator(folder_.path)) {
      if (entry.path().string().ends_with("-shm")) continue;
      files.push_back(fmt::format("{} {} {}", entry.path().string(), entry.is_directory() ? 0 : entry.file_size(),
                                  entry.last_write_time().time_since_epoch().count()));
    }
    std::ranges::sort(files);
    return files;
  }
  Memory look() const {
    auto memory = SqliteJournal::look(file(), noon);
    EXPECT_TRUE(memory) << memory.error().message;
    return memory.value_or(Memory{});
  }
};

TEST_F(Look, FindsNothingWhereThereIsNoFile) {
  EXPECT_THAT(look().machines, ElementsAre());
  EXPECT_THAT(listing(), ElementsAre());
}

TEST_F(Look, FindsNothingWhereThereIsNoFolder) {
  name = "none/a.sqlite";
  EXPECT_EQ(look().next_number, 0);
  EXPECT_THAT(listing(), ElementsAre());
}

TEST_F(Look, SeesWhatLoadingSeesAndWritesNothing) {
  open();
  Changes changes = of({machine(1), machine(2)});
  changes.last_delivery = LastDelivery{.content = "x", .at = noon, .succeeded = true};
  commit(std::move(changes));
  close();
  const auto before = listing();
  ASSERT_EQ(before.size(), 1);
  EXPECT_FALSE(fs::exists(file() + "-shm"));
  const Memory memory = look();
  EXPECT_THAT(ids(memory), ElementsAre("a-1", "a-2"));
  EXPECT_EQ(memory.next_number, 3);
  EXPECT_EQ(memory.last_delivery->content, "x");
  EXPECT_EQ(listing(), before);
  EXPECT_FALSE(fs::exists(file() + "-shm"));
}

TEST_F(Look, SeesWhatAPassHasCommittedThatIsAtWork) {
  open();
  commit(of({machine(1)}));
  const auto before = listing();
  EXPECT_THAT(ids(look()), ElementsAre("a-1"));
  EXPECT_EQ(listing(), before);
}

TEST_F(Look, SeesWhatACrashedPassHasCommitted) {
  open();
  commit(of({machine(1)}));
  const std::string copy = folder_.path + "/copy";
  fs::create_directory(copy);
  for (const char* end : {"", "-wal", "-shm"}) fs::copy_file(file() + end, copy + "/a.sqlite" + end);
  close();
  name = "copy/a.sqlite";
  const auto before = listing();
  EXPECT_THAT(ids(look()), ElementsAre("a-1"));
  EXPECT_EQ(listing(), before);
  open();
  EXPECT_THAT(ids(load()), ElementsAre("a-1"));
}

TEST_F(Look, FindsFilesWhateverTheirNames) {
  for (const char* odd : {"a?mode=rw", "a#b", "a%41", "a b", "ä", "a&b=c", "file:a", "a+b", "a\"b'c"}) {
    name = std::string(odd) + ".sqlite";
    open();
    commit(of({machine(1)}));
    EXPECT_THAT(ids(look()), ElementsAre("a-1")) << odd;
    close();
    const auto before = listing();
    EXPECT_THAT(ids(look()), ElementsAre("a-1")) << odd;
    EXPECT_EQ(listing(), before);
  }
}

}  // namespace
}  // namespace hydra_provisioner::state
