#include "state/postgres_journal.hpp"

#include <atomic>
#include <chrono>
#include <future>
#include <memory>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/use_future.hpp>

#include "state/database/fields.hpp"
#include "state/database/postgres.hpp"
#include "state/machine_records.hpp"
#include "tests/state/changes.hpp"
#include "tests/support/postgres_server.hpp"
#include "tests/support/silent_server.hpp"
#include "tests/support/usual.hpp"

namespace hydra_provisioner::state {
namespace {

using std::chrono::hours;
using std::chrono::milliseconds;
using testing::AllOf;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;
using testing::Pair;

using support::noon;
using support::PostgresServer;

// Hosts with a journal that they share.
class SharedJournal : public testing::Test {
 protected:
  std::unique_ptr<PostgresJournal> host(const std::string& name) const {
    return std::make_unique<PostgresJournal>(place_, Host{.id = "id-" + name, .name = name, .process = 1},
                                             Owner{"owner-" + name});
  }
  Leader take_lead(PostgresJournal& journal, milliseconds lease = hours{1}) {
    const auto standing = run(journal.take_lead(lease));
    EXPECT_TRUE(standing) << standing.error().message;
    return standing.value_or(Standing{}).leader;
  }
  std::string error_of_commit(PostgresJournal& journal) {
    const auto written = run(journal.commit(of({machine(1)})));
    return written ? "" : written.error().message;
  }
  std::string error_of_looking() const {
    const auto memory = look(place_, noon);
    return memory ? "" : memory.error().message;
  }
  Hosts hosts() const { return hosts_of(place_).value().value(); }
  std::unique_ptr<Database> database() const { return open_postgres(place_.server, place_.tag, PostgresMode::write); }
  void sql(const std::string& statement) const { change(*database(), statement); }

  template <class T>
  T run(io::Task<T> task) {
    context_.restart();
    auto result = boost::asio::co_spawn(context_, std::move(task), boost::asio::use_future);
    context_.run();
    return result.get();
  }

  PostgresServer& server_ = PostgresServer::shared();
  JournalPlace place_{.tag = server_.fresh_tag(), .server = server_.where()};
  boost::asio::io_context context_;
};

TEST_F(SharedJournal, IsWrittenByItsLeaderAlone) {
  const auto a = host("a");
  const auto b = host("b");
  EXPECT_EQ(take_lead(*a).host.name, "a");
  EXPECT_EQ(take_lead(*b).host.name, "a") << "b learns who leads";
  EXPECT_EQ(error_of_commit(*a), "");
  EXPECT_THAT(error_of_commit(*b), AllOf(HasSubstr("not written: a leads since "), HasSubstr(place_.tag.text)));
  EXPECT_FALSE(run(b->load(noon)));
  EXPECT_FALSE(run(b->confirm()));
  EXPECT_THAT(ids(run(a->load(noon)).value()), ElementsAre("a-1"));
}

TEST_F(SharedJournal, HasRecordsOfMachinesThatItsLeaderAloneWrites) {
  const auto a = host("a");
  take_lead(*a);
  const std::atomic<bool> give_up = false;
  const MachineRecords records(place_, give_up);
  EXPECT_THAT(records.machines().value(), IsEmpty());
  const Lead lead = a->lead().value();
  const MachineId one{"a-1"};
  ASSERT_TRUE(records.write(lead, one, "request.json", "first"));
  ASSERT_TRUE(records.write(lead, one, "request.json", "it's \u00fc"));
  ASSERT_TRUE(records.write(lead, one, "host_key", "key"));
  ASSERT_TRUE(records.remove(lead, one, "host_key"));
  run(a->give_up_lead());
  const auto b = host("b");
  take_lead(*b);
  EXPECT_THAT(records.write(lead, one, "request.json", "too late").error().message,
              HasSubstr("the host b has led since this began"));
  EXPECT_FALSE(records.remove_all(lead, one));
  EXPECT_THAT(records.of({one, MachineId{"a-2"}}).value(),
              ElementsAre(Pair(one, ElementsAre(Pair("request.json", "it's \u00fc")))));
  ASSERT_TRUE(records.remove_all(b->lead().value(), one));
  EXPECT_THAT(records.machines().value(), IsEmpty());
}

TEST_F(SharedJournal, TellsItsLeaderAndTheHostsThatStandBy) {
  const auto a = host("a");
  const auto b = host("b");
  take_lead(*a);
  take_lead(*b);
  run(b->stand_by());
  const Hosts seen = hosts();
  ASSERT_TRUE(seen.leader);
  EXPECT_EQ(seen.leader->host, (Host{"id-a", "a", 1}));
  EXPECT_FALSE(seen.leader->has_lapsed);
  ASSERT_EQ(seen.standbys.size(), 1U);
  EXPECT_EQ(seen.standbys[0].host.name, "b");
  run(b->give_up_lead());
  EXPECT_EQ(hosts().standbys.size(), 0U);
}

TEST_F(SharedJournal, PassesToAnotherHostWhenItsLeaderEnds) {
  const auto b = host("b");
  {
    const auto a = host("a");
    take_lead(*a);
    run(a->give_up_lead());
    EXPECT_FALSE(hosts().leader);
  }
  EXPECT_EQ(take_lead(*b).host.name, "b");
  EXPECT_EQ(hosts().leader->only_from, hosts().leader->epoch);
  EXPECT_EQ(hosts().owner, Owner{"owner-a"}) << "the machines stay those of one owner";
}

TEST_F(SharedJournal, PassesToAnotherHostWhenItsLeaderDies) {
  take_lead(*host("a"));  // its connection ends with it
  const auto b = host("b");
  while (take_lead(*b).host.name != "b") std::this_thread::yield();
}

TEST_F(SharedJournal, DoesNotPassToAnotherHostBeforeTheLeaseHasLapsed) {
  const auto a = host("a");
  const auto b = host("b");
  take_lead(*a);
  for (int i = 0; i < 3; ++i) EXPECT_EQ(take_lead(*b).host.name, "a");
  EXPECT_EQ(error_of_commit(*a), "");
}

TEST_F(SharedJournal, PassesToAnotherHostOnceTheLeaseHasLapsed) {
  const auto a = host("a");
  const auto b = host("b");
  take_lead(*a, milliseconds{0});
  while (take_lead(*b).host.name != "b") std::this_thread::yield();
  EXPECT_EQ(error_of_commit(*b), "");
  EXPECT_NE(error_of_commit(*a), "") << "its session was ended";
  EXPECT_THAT(error_of_commit(*a), HasSubstr("not written: b leads since "));
  EXPECT_FALSE(run(a->renew_lead()));
  EXPECT_FALSE(run(a->confirm()));
}

TEST_F(SharedJournal, FencesALeaderOffThatStillHasItsSession) {
  const auto a = host("a");
  take_lead(*a);
  sql("update leader set token = 'of another'");
  EXPECT_THAT(error_of_commit(*a), HasSubstr("not written: "));
  EXPECT_THAT(look(place_, noon)->machines, ElementsAre());
}

TEST_F(SharedJournal, IsNotWrittenByAPassThatLostTheLeadInBetween) {
  const auto a = host("a");
  take_lead(*a);
  server_.end(SIGQUIT);
  EXPECT_NE(error_of_commit(*a), "");
  server_.start();
  EXPECT_FALSE(run(a->renew_lead())) << "the lead is taken anew, and not kept";
  EXPECT_THAT(error_of_commit(*a), HasSubstr("this host does not lead any more"));
  EXPECT_EQ(take_lead(*a).host.name, "a");
  EXPECT_EQ(error_of_commit(*a), "");
}

// The server has written the commit, and waits for a copy that never comes.
TEST_F(SharedJournal, FindsOutACommitWhoseAnswerWasLost) {
  const auto a = host("a");
  take_lead(*a);
  const auto witness = database();  // a session as old as that of the journal learns of a new setting as late
  server_.run("alter system set synchronous_standby_names = 'none'");
  server_.run("select pg_reload_conf()");
  while (ask<std::string>(*witness, "select current_setting('synchronous_standby_names')") != "none")
    std::this_thread::yield();
  std::jthread lose_answer([&] {
    const auto other = database();
    change(*other, "set synchronous_commit = local");
    while (ask<std::int64_t>(*other,
                             "select count(pg_terminate_backend(pid)) from pg_stat_activity where wait_event = "
                             "'SyncRep' and application_name = $1",
                             schema_name(place_.tag)) == 0)
      std::this_thread::yield();
    server_.run("alter system reset synchronous_standby_names");
    server_.run("select pg_reload_conf()");
  });
  EXPECT_EQ(error_of_commit(*a), "") << "it was committed";
  EXPECT_THAT(ids(*look(place_, noon)), ElementsAre("a-1"));
  EXPECT_NE(error_of_commit(*a), "") << "the session is lost";
}

TEST_F(SharedJournal, LetsOperationsGoOnWhileOnlyTheirHostHasLed) {
  const auto a = host("a");
  take_lead(*a);
  const Lead first = a->lead().value();
  EXPECT_TRUE(confirm(first));
  run(a->give_up_lead());
  take_lead(*a);
  EXPECT_TRUE(confirm(first)) << "the same host has taken the lead again";
  run(a->give_up_lead());
  const auto b = host("b");
  take_lead(*b);
  EXPECT_THAT(confirm(first).error().message, HasSubstr("the host b has led since this began"));
  run(b->give_up_lead());
  take_lead(*a);
  EXPECT_FALSE(confirm(first)) << "b may have done something else with the machine meanwhile";
  EXPECT_TRUE(confirm(a->lead().value()));
}

TEST_F(SharedJournal, HoldsOperationsBackWhileItCannotBeAsked) {
  const Lead lead{.place = {.tag = place_.tag, .server = "host=/no/such/folder"}, .host = "id-a", .epoch = 1};
  EXPECT_THAT(confirm(lead).error().message, AllOf(HasSubstr("not carried out"), HasSubstr("/no/such/folder")));
}

TEST_F(SharedJournal, TakesOrdersFromAnyHost) {
  const auto a = host("a");
  take_lead(*a);
  Changes changes;
  changes.orders = {{{OrderKind::pause, ""}, Order{.value = 0, .since = noon, .until = {}}}};
  EXPECT_TRUE(run(open_for_orders(place_).value()->commit(changes)));
  EXPECT_EQ(run(a->load(noon)).value().orders,
            (Orders{{{OrderKind::pause, ""}, {.value = 0, .since = noon, .until = {}}}}));
}

TEST_F(SharedJournal, TellsAHostThatStandsByThatItWasMovedAway) {
  const auto a = host("a");
  const auto b = host("b");
  take_lead(*a);
  take_lead(*b);
  run(a->give_up_lead());
  set_schema_aside(place_.server, place_.tag, "moved-" + place_.tag.text);
  const auto standing = run(b->take_lead(hours{1}));
  ASSERT_FALSE(standing);
  EXPECT_THAT(standing.error().message, HasSubstr("it was moved away: `journal` has to say where it is now"));
}

TEST_F(SharedJournal, IsMadeAnewByAHostThatStandsByWhereItWasRemoved) {
  const auto a = host("a");
  const auto b = host("b");
  take_lead(*a);
  take_lead(*b);
  run(a->give_up_lead());
  sql(fmt::format("drop schema \"{}\" cascade", schema_name(place_.tag)));
  EXPECT_EQ(take_lead(*b).host.name, "b");
}

TEST_F(SharedJournal, IsNotWaitedForOnceThisProcessEnds) {
  const support::SilentServer server;
  place_.server = server.where(50);
  const auto a = host("a");
  a->stop_waiting();
  const auto standing = run(a->take_lead(hours{1}));
  ASSERT_FALSE(standing);
  EXPECT_THAT(standing.error().message, HasSubstr("it is not waited for any more"));
}

TEST_F(SharedJournal, TellsTheLeaderOfOrders) {
  const auto a = host("a");
  take_lead(*a);
  auto leader = io::PostgresConnection::open(place_.server, std::chrono::seconds{10});
  ASSERT_TRUE(leader && leader->run(fmt::format("listen \"{}\"", orders_channel(place_))));
  EXPECT_TRUE(run(open_for_orders(place_).value()->commit({})));
  EXPECT_TRUE(leader->wait_for_notification(std::chrono::steady_clock::now() + std::chrono::seconds{60}).value());
}

TEST_F(SharedJournal, IsEmptyBeforeItWasMade) {
  EXPECT_EQ(look(place_, noon)->machines.size(), 0U);
  EXPECT_FALSE(hosts().leader);
}

TEST_F(SharedJournal, IsMadeByOneOfManyHostsThatBeginAtOnce) {
  std::vector<std::unique_ptr<PostgresJournal>> hosts;
  std::vector<std::future<Expected<Standing>>> leaders;
  for (const char* name : {"a", "b", "c", "d"}) hosts.push_back(host(name));
  for (const auto& each : hosts)
    leaders.push_back(boost::asio::co_spawn(context_, each->take_lead(hours{1}), boost::asio::use_future));
  context_.run();
  std::string problems;
  for (auto& leader : leaders) {
    if (auto told = leader.get(); !told) problems += told.error().message + "\n";
  }
  EXPECT_EQ(problems, "");
  EXPECT_TRUE(this->hosts().leader);
}

TEST_F(SharedJournal, SaysThatTheServerIsReadOnly) {
  const auto a = host("a");
  take_lead(*a);
  sql("alter role farm set default_transaction_read_only = on");
  run(a->give_up_lead());
  const auto leader = run(a->take_lead(hours{1}));
  server_.run("begin; set transaction read write; alter role farm reset default_transaction_read_only; commit");
  ASSERT_FALSE(leader);
  EXPECT_THAT(leader.error().message, AllOf(HasSubstr("read-only transaction"), HasSubstr("primary server")));
}

TEST_F(SharedJournal, SaysWhichRightIsMissing) {
  server_.run("create role stranger login");
  place_.server += " user=stranger";
  const auto leader = run(host("a")->take_lead(hours{1}));
  ASSERT_FALSE(leader);
  EXPECT_THAT(leader.error().message,
              AllOf(HasSubstr("permission denied"), HasSubstr("docs/hosts.md"), HasSubstr("user=stranger")));
}

TEST_F(SharedJournal, RefusesAnotherProgramsSchema) {
  sql(fmt::format("create schema \"{}\"", schema_name(place_.tag)));
  sql("create table songs (title text)");
  const auto leader = run(host("a")->take_lead(hours{1}));
  ASSERT_FALSE(leader);
  EXPECT_THAT(leader.error().message, HasSubstr("is not a journal of hydra-provisioner"));
  EXPECT_THAT(error_of_looking(), HasSubstr("is not a journal of hydra-provisioner"));
}

TEST_F(SharedJournal, RefusesWhatANewerVersionWrote) {
  const auto a = host("a");
  take_lead(*a);
  sql("update journal_format set version = 99");
  EXPECT_THAT(error_of_looking(), HasSubstr("was written by a newer version (schema 99"));
  const auto leader = run(host("b")->take_lead(hours{1}));
  ASSERT_FALSE(leader);
  EXPECT_THAT(leader.error().message, HasSubstr("was written by a newer version (schema 99"));
}

TEST_F(SharedJournal, BringsAnOlderVersionUpToDate) {
  take_lead(*host("a"));
  for (const char* table : {"load", "step_samples"}) sql(fmt::format("drop table {}", table));
  for (const char* column : {"begun_operation", "begun_by", "ends_by", "max_jobs", "jobs", "busy_since"})
    sql(fmt::format("alter table machines drop column {}", column));
  sql("alter table creations drop column stop_refused_at");
  sql("alter table usage drop column stopped_cost");
  sql("update journal_format set version = 14");
  EXPECT_THAT(error_of_looking(), HasSubstr("is of an older version"));
  take_lead(*host("a"));
  EXPECT_EQ(error_of_looking(), "");
}

TEST_F(SharedJournal, NeverShowsAPassword) {
  place_.server = "postgresql://farm:secret@/postgres?host=/no/such/folder";
  const auto leader = run(host("a")->take_lead(hours{1}));
  ASSERT_FALSE(leader);
  EXPECT_THAT(leader.error().message, AllOf(HasSubstr("/no/such/folder"), Not(HasSubstr("secret"))));
}

TEST_F(SharedJournal, KeepsWhateverBytesAProgramSaid) {
  const auto a = host("a");
  take_lead(*a);
  Machine said = machine(1);
  said.last_error = std::string("zero \0 and \xff", 12);
  EXPECT_TRUE(run(a->commit(of({said}))));
  EXPECT_EQ(look(place_, noon)->machines.front().last_error, "zero \uFFFD and \uFFFD");
}

}  // namespace
}  // namespace hydra_provisioner::state
