// The journal in an SQLite file, one a tag: `STATE_DIR/TAG.sqlite`. Its tables are described in database/schema.cpp.
#pragma once

#include <functional>
#include <memory>
#include <set>
#include <string>

#include <boost/asio/thread_pool.hpp>

#include "state/database/database.hpp"
#include "state/journal.hpp"

namespace hydra_provisioner::state {

class SqliteJournal final : public Journal {
 public:
  // Creates the file, or brings an older one up to date. Fails when the file cannot be read, is not a journal, or was
  // written by a newer version.
  static Expected<std::unique_ptr<SqliteJournal>> open(const std::string& path);
  // To look only: writes nothing, not even beside the file, but for SQLite's index (-shm) of a log that a crash left. A
  // file that does not exist is an empty memory. `spent_since` as below.
  static Expected<Memory> look(const std::string& path, Instant now, const std::set<Instant>& spent_since = {});

  // All of it, in a temporary file and up to date; writes as little else as look().
  static Expected<std::unique_ptr<Database>> copy(const std::string& path);

  // Hands the file itself, or a copy of an older one that is up to date, to `read`; writes as little as look().
  static Expected<void> glance(const std::string& path, const std::function<void(std::unique_ptr<Database>)>& read);

  // The file itself, as it is now, however long it is read. It must exist and be up to date. While it is held, the
  // program that writes cannot begin its log anew.
  static Expected<std::unique_ptr<Database>> view(const std::string& path);

  ~SqliteJournal() override;
  io::Task<Expected<Memory>> load(Instant now) override;
  io::Task<Expected<void>> commit(Changes changes) override;
  io::Task<Expected<Spending>> spent_since(std::set<Instant> times) override;
  io::Task<Expected<Totals>> totals() override;

 private:
  SqliteJournal(std::string path, std::unique_ptr<Database> database);

  std::string path_;
  std::unique_ptr<Database> database_;
  // The database is used on this thread only, which ends before the database is closed.
  boost::asio::thread_pool thread_{1};
};

}  // namespace hydra_provisioner::state
