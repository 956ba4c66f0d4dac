#include "state/journal.hpp"

#include <algorithm>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <tuple>
#include <utility>
#include <vector>

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <rapidcheck.h>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/use_future.hpp>

#include "state/database/fields.hpp"
#include "state/database/postgres.hpp"
#include "state/database/sqlite.hpp"
#include "state/postgres_journal.hpp"
#include "state/sqlite_journal.hpp"
#include "tests/state/changes.hpp"
#include "tests/support/postgres_server.hpp"
#include "tests/support/temporary_folder.hpp"
#include "tests/support/usual.hpp"

namespace hydra_provisioner::state {
namespace {

using std::chrono::days;
using std::chrono::hours;
using std::chrono::minutes;
using testing::ElementsAre;

using support::noon;

enum class Kind : std::uint8_t { sqlite, postgres };

// What holds wherever the journal is kept.
class AnyJournal : public testing::TestWithParam<Kind> {
 protected:
  // Everything is checked on the way: a test whose subject is no error needs no error.
  void open() {
    journal_.reset();
    if (is_postgres()) {
      auto journal = std::make_unique<PostgresJournal>(place(), Host{"1f", "farm", 1}, Owner{"1f"});
      const auto leader = run(journal->take_lead(hours{1}));
      ASSERT_TRUE(leader) << leader.error().message;
      journal_ = std::move(journal);
    } else {
      auto opened = SqliteJournal::open(place().file);
      ASSERT_TRUE(opened) << opened.error().message;
      journal_ = *std::move(opened);
    }
  }
  void close() { journal_.reset(); }
  JournalPlace place() const {
    if (is_postgres()) return {.tag = tag_, .server = support::PostgresServer::shared().where()};
    return {.tag = tag_, .file = folder_.path + "/a.sqlite"};
  }
  Spending spent_since(std::set<Instant> times) { return run(journal_->spent_since(std::move(times))).value(); }
  Memory load(Instant now = noon) {
    auto memory = run(journal_->load(now));
    EXPECT_TRUE(memory) << memory.error().message;
    return memory.value_or(Memory{});
  }
  Totals totals() { return run(journal_->totals()).value(); }
  void commit(Changes changes) {
    const auto written = run(journal_->commit(std::move(changes)));
    ASSERT_TRUE(written) << written.error().message;
  }

  // Behind the journal's back.
  std::unique_ptr<Database> database() const {
    return is_postgres() ? open_postgres(place().server, tag_, PostgresMode::write)
                         : open_sqlite(place().file, SqliteMode::create);
  }
  void sql(const std::string& statement) const { change(*database(), statement); }
  std::int64_t number(const std::string& statement) const { return ask<std::int64_t>(*database(), statement).value(); }
  // SQLite gives each new row a greater id than all that exist.
  void continues_after(const std::string& table, std::int64_t id) const {
    if (is_postgres()) number(fmt::format("select setval(pg_get_serial_sequence('{}', 'id'), {})", table, id));
  }

  // PostgreSQL keeps only text, and other bytes as replacement characters.
  static rc::Gen<std::string> any_text() {
    return is_postgres() ? rc::gen::container<std::string>(rc::gen::inRange<char>(' ', '~'))
                         : rc::gen::arbitrary<std::string>();
  }

 private:
  static bool is_postgres() { return GetParam() == Kind::postgres; }
  template <class T>
  T run(io::Task<T> task) {
    context_.restart();
    auto result = boost::asio::co_spawn(context_, std::move(task), boost::asio::use_future);
    context_.run();
    return result.get();
  }

  support::TemporaryFolder folder_;
  Tag tag_ = is_postgres() ? support::PostgresServer::shared().fresh_tag() : Tag{"a"};
  boost::asio::io_context context_;  // outlives the journal's thread
  std::unique_ptr<state::Journal> journal_;
};

INSTANTIATE_TEST_SUITE_P(, AnyJournal, testing::Values(Kind::sqlite, Kind::postgres), [](const auto& kind) {
  return kind.param == Kind::sqlite ? std::string("Sqlite") : std::string("Postgres");
});

TEST_P(AnyJournal, BeginsEmpty) {
  open();
  const Memory memory = load();
  EXPECT_THAT(memory.machines, ElementsAre());
  EXPECT_THAT(memory.pools, ElementsAre());
  EXPECT_THAT(memory.creations, ElementsAre());
  EXPECT_FALSE(memory.last_delivery);
  EXPECT_EQ(memory.next_number, 0);
}

TEST_P(AnyJournal, AddsUpWhatGrows) {
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

TEST_P(AnyJournal, KnowsSinceWhenStepsWait) {
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

Machine any_machine(const rc::Gen<std::string>& any_text) {
  Machine any = machine(*rc::gen::inRange(0, 5));
  any.pool.text = *any_text;
  any.provider = static_cast<ProviderKind>(*rc::gen::inRange(0, 4));
  any.instance.text = *any_text;
  any.state = *rc::gen::distinctFrom(
      rc::gen::map(rc::gen::inRange(0, 9), [](int n) { return static_cast<MachineState>(n); }), MachineState::gone);
  any.since = *any_instant();
  any.requested_at = *any_instant();
  any.address = *any_text;
  any.host_key = *any_text;
  any.spec_hash = *any_text;
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
  any.last_error = *any_text;
  return any;
}

auto fields(const Machine& m) {
  return std::tie(m.id, m.pool, m.provider, m.instance, m.state, m.since, m.requested_at, m.address, m.host_key,
                  m.spec_hash, m.launched_at, m.billing_period, m.checked_at, m.kept_alive_at, m.noted_as, m.slot,
                  m.ready_at, m.listing.began_at, m.listing.is_listed, m.listing.first_began_at, m.listing.ended_at,
                  m.listing.lasted, m.cannot_stop, m.last_error);
}

TEST_P(AnyJournal, RemembersEveryFieldOfAMachine) {
  open();
  EXPECT_TRUE(rc::check([&] {
    const Machine written = any_machine(any_text());
    commit(of({written}));
    const std::vector<Machine> machines = load().machines;
    const auto read = std::ranges::find(machines, written.id, &Machine::id);
    RC_ASSERT(read != machines.end());
    RC_ASSERT(fields(*read) == fields(written));
  }));
}

TEST_P(AnyJournal, DoesNotRememberWhatEachPassFindsOutAnew) {
  open();
  Machine written = machine(1);
  written.found.vanished = written.found.interrupted = true;
  written.found.under_way = Operation::create;
  commit(of({written}));
  const Memory memory = load();
  EXPECT_FALSE(memory.machines[0].found.vanished || memory.machines[0].found.interrupted ||
               memory.machines[0].found.under_way);
}

TEST_P(AnyJournal, RemembersMachinesByNumberButForThoseThatAreGone) {
  open();
  commit(of({machine(10), machine(9), machine(8, MachineState::gone), machine(11, MachineState::failed)}));
  EXPECT_THAT(ids(load()), ElementsAre("a-9", "a-10", "a-11"));
  commit(of({machine(9, MachineState::gone)}));
  EXPECT_THAT(ids(load()), ElementsAre("a-10", "a-11"));
}

TEST_P(AnyJournal, NeverGivesANumberTwice) {
  open();
  commit(of({machine(3), machine(7)}));
  EXPECT_EQ(load().next_number, 8);
  commit(of({machine(3, MachineState::gone), machine(7, MachineState::gone)}));
  EXPECT_EQ(load().next_number, 8);
  close();
  open();
  EXPECT_EQ(load().next_number, 8);
}

TEST_P(AnyJournal, RemembersTheFailuresOfTwoHours) {
  open();
  Changes changes;
  changes.events = {event(noon - minutes{1}, "failed"), event(noon - minutes{119}, "failed"),
                    event(noon - minutes{120}, "failed"), event(noon - minutes{2}, "ready"),
                    event(noon - minutes{3}, "failed", "b")};
  changes.creations[PoolName{"x86_64-linux"}] = {.failed_passes = 2,
                                                 .last_failed_pass = noon - minutes{1},
                                                 .failures = {noon},
                                                 .last_useless = noon,
                                                 .stop_refused_at = noon - minutes{2}};
  commit(std::move(changes));
  const auto creations = load().creations;
  const CreationRecord& record = creations.at(PoolName{"x86_64-linux"});
  EXPECT_EQ(record.failed_passes, 2);
  EXPECT_EQ(record.last_failed_pass, noon - minutes{1});
  EXPECT_EQ(record.last_useless, noon);
  EXPECT_EQ(record.stop_refused_at, noon - minutes{2});
  EXPECT_THAT(record.failures, ElementsAre(noon - minutes{119}, noon - minutes{1}));
  EXPECT_THAT(creations.at(PoolName{"b"}).failures, ElementsAre(noon - minutes{3}));
  EXPECT_EQ(creations.at(PoolName{"b"}).failed_passes, 0);
}

TEST_P(AnyJournal, RemembersPoolsByNameAndProvider) {
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

TEST_P(AnyJournal, RemembersTheLastDelivery) {
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

TEST_P(AnyJournal, RemembersSamplesOfSteps) {
  open();
  const PoolName pool{"a"};
  const auto sample = [](std::int64_t second, std::int64_t ended) {
    return StepSample{.time = noon + Seconds{second}, .ended = ended, .present = 7, .waiting_since = noon - minutes{1}};
  };
  Changes changes;
  for (StepSamples samples : {StepSamples{sample(0, 1)}, StepSamples{sample(0, 1), sample(15, 2)},
                              StepSamples{sample(0, 1), sample(15, 2), sample(20, 3)}}) {
    changes.step_samples = {{pool, samples}};
    commit(changes);
    EXPECT_EQ(load().step_samples.at(pool), samples);
  }
  const StepSamples merged{sample(15, 2), sample(30, 4)};  // in the place of the newest; the oldest is forgotten
  changes.step_samples = {{pool, merged}};
  commit(changes);
  EXPECT_EQ(load().step_samples.at(pool), merged);
}

TEST_P(AnyJournal, RemembersHowLongStepsTook) {
  open();
  Changes changes;
  changes.step_times = {{PoolName{"a"}, Millis{23'500}}, {PoolName{"b"}, Millis{1}}};
  commit(changes);
  changes.step_times = {{PoolName{"b"}, Millis{2}}};
  commit(changes);
  EXPECT_THAT(load().step_times,
              ElementsAre(std::pair(PoolName{"a"}, Millis{23'500}), std::pair(PoolName{"b"}, Millis{2})));
}

TEST_P(AnyJournal, RemembersOrdersUntilTheyAreTakenBackOrOver) {
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

TEST_P(AnyJournal, ForgetsTheOrdersOfMachinesThatAreGone) {
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

TEST_P(AnyJournal, RemembersAllOfItAfterItWasClosed) {
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

TEST_P(AnyJournal, KeepsOnlySoManyEventsAndPasses) {
  open();
  const auto recent = to_unix(noon - hours{1});
  for (const std::int64_t id : {1, 2, 200'001})
    sql(fmt::format("insert into events values ({}, {}, 'a-1', 'p', 'ready', '', '')", id, recent));
  for (const std::int64_t id : {1, 2, 20'001})
    sql(fmt::format("insert into passes values ({}, {}, 0, '', 0, '')", id, recent));
  continues_after("events", 200'001);
  continues_after("passes", 20'001);
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

TEST_P(AnyJournal, SaysWhatWasSpent) {
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
                     .stopped = Seconds{1000},
                     .stopped_cost = 500};
  pass_at(hour - Seconds{3600}, {priced});
  pass_at(hour + Seconds{60}, {priced, {.pool = PoolName{"b"}, .busy = Seconds{5}}});
  const Spending spent = spent_since({hour - Seconds{3600}, hour + Seconds{60}});
  using Pools = std::map<PoolName, Micros>;
  EXPECT_EQ(spent.at(hour - Seconds{3600}), (Pools{{PoolName{"a"}, Micros{41'000}}}));
  EXPECT_EQ(spent.at(hour + Seconds{60}), (Pools{{PoolName{"a"}, Micros{20'500}}})) << "whole hours";
  close();
  EXPECT_EQ(look(place(), noon, {hour})->spent.at(hour), (Pools{{PoolName{"a"}, Micros{20'500}}}));
}

Machine gone(std::int64_t number, Instant since) {
  Machine gone = machine(number, MachineState::gone);
  gone.since = since;
  return gone;
}

TEST_P(AnyJournal, ForgetsWhatIsOlderThanItsHistory) {
  open();
  Changes past = of({gone(1, noon - days{11}), gone(2, noon - days{9}), machine(3), gone(4, noon - days{11})});
  past.events = {event(noon - days{11}, "ready"), event(noon - days{9}, "gone")};
  commit(std::move(past));
  Changes now;
  now.pass = PassRecord{.start = noon, .history = days{10}};
  commit(std::move(now));
  EXPECT_EQ(number("select sum(number * number) from machines"), 4 + 9 + 16) << "numbers are never used twice";
  EXPECT_EQ(number("select count(*) from events where kind = 'gone'"), 1);
  EXPECT_EQ(number("select count(*) from events"), 1);
}

}  // namespace
}  // namespace hydra_provisioner::state
