#include "state/move.hpp"

#include <filesystem>
#include <string>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "state/journal.hpp"
#include "tests/state/changes.hpp"
#include "tests/support/await.hpp"
#include "tests/support/journal_on_disk.hpp"
#include "tests/support/postgres_server.hpp"
#include "tests/support/usual.hpp"

namespace hydra_provisioner::state {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

using support::noon;

class Move : public testing::Test {
 protected:
  // A row in each table.
  static Changes some_of_everything() {
    Changes changes = of({machine(1), machine(2, MachineState::gone)});
    changes.machines.front().last_error = "it said \"\xff\"";
    changes.events = {event(noon, "ready")};
    changes.pools = {{.name = PoolName{"p"}, .provider = ProviderKind::exec, .settings_json = "{}"}};
    changes.creations[PoolName{"p"}].failed_passes = 1;
    changes.orders = {{{OrderKind::pause, ""}, Order{.value = 0, .since = noon, .until = {}}}};
    changes.last_delivery = LastDelivery{.content = "# x\n", .at = noon};
    changes.step_times = {{PoolName{"p"}, Millis{3}}};
    changes.step_samples = {{PoolName{"p"}, {{.time = noon, .ended = 1, .present = 2, .waiting_since = noon}}}};
    changes.waiting.emplace().emplace(PoolName{"p"}, noon);
    count(changes.totals, Total::cost, {"p", "busy", ""}, 0.1);
    changes.pass = PassRecord{.start = noon,
                              .facts = {{"queue", "{}"}},
                              .usage = {{.pool = PoolName{"p"}, .busy = Seconds{5}}},
                              .load = {{.pool = PoolName{"p"}, .observed = Seconds{5}, .cost = 0.1}},
                              .unknown = Seconds{7}};
    return changes;
  }

  support::PostgresServer& server_ = support::PostgresServer::shared();
  support::JournalOnDisk journal_;
  JournalPlace file_ = journal_.place();
  JournalPlace database_{.tag = server_.fresh_tag(), .server = server_.where()};
  JournalPlace back_{.tag = file_.tag, .file = file_.file + ".back"};
};

TEST_F(Move, TakesEveryRowThereAndBack) {
  journal_.commit(some_of_everything());
  const auto there = copy_journal(file_, database_);
  ASSERT_TRUE(there) << there.error().message;
  for (const auto& [table, rows] : *there) EXPECT_GT(rows, 0) << table;
  const auto back = copy_journal(database_, back_);
  ASSERT_TRUE(back) << back.error().message;
  EXPECT_EQ(*back, *there);
  EXPECT_THAT(ids(*look(back_, noon)), ElementsAre("a-1"));
  EXPECT_EQ(look(back_, noon)->orders, look(file_, noon)->orders);
}

TEST_F(Move, GoesOnCountingWhereItWas) {
  journal_.commit(some_of_everything());
  ASSERT_TRUE(copy_journal(file_, database_));
  const auto written = support::await(open_for_orders(database_).value()->commit(some_of_everything()));
  EXPECT_TRUE(written) << written.error().message;
}

TEST_F(Move, NeverOverwrites) {
  journal_.commit(of({machine(1)}));
  ASSERT_TRUE(copy_journal(file_, database_));
  EXPECT_TRUE(copy_journal(file_, database_)) << "after a crash, it is the same";
  journal_.commit(of({machine(2)}));
  const auto again = copy_journal(file_, database_);
  ASSERT_FALSE(again);
  EXPECT_THAT(again.error().message, HasSubstr("has a journal of tag " + database_.tag.text + " already"));
}

TEST_F(Move, LeavesNothingWhenItFails) {
  journal_.commit(of({machine(1)}));
  journal_.close();
  const JournalPlace nowhere{.tag = file_.tag, .server = "host=/no/such/folder"};
  EXPECT_FALSE(copy_journal(file_, nowhere));
  EXPECT_THAT(ids(*look(file_, noon)), ElementsAre("a-1"));
}

TEST_F(Move, SetsAsideWhatWasMoved) {
  journal_.commit(of({machine(1)}));
  ASSERT_TRUE(copy_journal(file_, database_));
  journal_.close();
  const auto file = set_aside(file_);
  ASSERT_TRUE(file) << file.error().message;
  EXPECT_TRUE(std::filesystem::exists(*file));
  EXPECT_FALSE(std::filesystem::exists(file_.file));
  const auto schema = set_aside(database_);
  ASSERT_TRUE(schema) << schema.error().message;
  EXPECT_THAT(*schema, HasSubstr("schema moved-"));
  EXPECT_THAT(look(database_, noon).error().message, HasSubstr("was moved away"));
  EXPECT_FALSE(open_for_orders(database_)) << "no host begins a new one there";
  const JournalPlace source{.tag = file_.tag, .file = *file};
  EXPECT_FALSE(copy_journal(source, database_));
  ASSERT_TRUE(prepare_move(source, database_));
  EXPECT_TRUE(copy_journal(source, database_)) << "it may come back";
  EXPECT_THAT(ids(*look(database_, noon)), ElementsAre("a-1"));
}

}  // namespace
}  // namespace hydra_provisioner::state
