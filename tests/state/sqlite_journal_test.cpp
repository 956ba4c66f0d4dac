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

#include "tests/state/changes.hpp"
#include "tests/support/await.hpp"
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

constexpr std::int64_t schema = 19;

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

TEST_F(Journal, LeavesASignOfOrders) {
  const JournalPlace place{.tag = Tag{"a"}, .file = file()};
  const std::filesystem::path sign = orders_file(place);
  EXPECT_EQ(sign.parent_path(), std::filesystem::path(file()).parent_path());
  const auto journal = open_for_orders(place).value();
  EXPECT_TRUE(support::await(journal->load(noon)));
  EXPECT_FALSE(std::filesystem::exists(sign));
  EXPECT_TRUE(support::await(journal->commit({})));
  EXPECT_TRUE(std::filesystem::exists(sign));
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
  for (const char* table :
       {"facts", "usage", "gaps", "passes", "orders", "step_times", "totals", "waiting", "load", "step_samples"})
    sql(fmt::format("drop table {}", table));
  for (const char* index : {"events_by_time", "machines_by_number", "machines_gone"})
    sql(fmt::format("drop index {}", index));
  sql("create table passes (id integer primary key, start integer not null, duration integer not null, "
      "inputs text not null, plan text not null) strict");
  sql("insert into passes values (41, 7, 3, '{}', '{}')");
  for (const char* column : {"failing_since", "trouble"})
    sql(fmt::format("alter table deliveries drop column {}", column));
  for (const char* column :
       {"billing_period",  "checked_at",      "listed_for",     "failed_operation", "failed_in_a_row",
        "failed_at",       "cannot_redeploy", "leaves_in_turn", "unanswered_since", "kept_alive_at",
        "owner",           "noted_as",        "slot",           "seen_idle_at",     "seen_out_at",
        "missing_since",   "closed_since",    "joined_at",      "seen_open",        "wanted_since",
        "begun_operation", "begun_by",        "ends_by",        "max_jobs",         "jobs",
        "busy_since"})
    sql(fmt::format("alter table machines drop column {}", column));
  for (const char* column : {"last_error", "recipe", "counted_from", "last_useless", "stop_refused_at"})
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
  for (const char* table : {"load", "step_samples"}) sql(fmt::format("drop table {}", table));
  for (const char* column : {"begun_operation", "begun_by", "ends_by", "max_jobs", "jobs", "busy_since"})
    sql(fmt::format("alter table machines drop column {}", column));
  sql("alter table creations drop column stop_refused_at");
  sql("alter table usage drop column stopped_cost");
  sql("pragma user_version = 14");
  open();
  Changes changes;
  changes.pass = PassRecord{.start = noon, .load = {{.pool = PoolName{"a"}, .observed = Seconds{15}}}};
  commit(std::move(changes));
  EXPECT_EQ(number("pragma user_version"), schema);
  EXPECT_EQ(number("select sum(observed) from load where pool = 'a'"), 30) << "of five minutes, and of an hour";
  EXPECT_EQ(load().machines.front().id, machine(7).id);
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
