#include "state/sqlite_journal.hpp"

#include <exception>
#include <filesystem>
#include <string_view>
#include <utility>

#include <fcntl.h>
#include <sys/stat.h>

#include <fmt/format.h>

#include "io/async/offload.hpp"
#include "io/async/waypoint.hpp"
#include "io/file/descriptor.hpp"
#include "state/database/schema.hpp"
#include "state/database/sqlite.hpp"
#include "state/pass_rows.hpp"
#include "state/rows.hpp"
#include "state/total_rows.hpp"

namespace hydra_provisioner::state {
namespace {

// The database's own words, with where.
Error in_journal(const std::string& path, std::string_view doing, const std::exception& error) {
  return {fmt::format("journal {}: cannot be {}: {}", path, doing, error.what())};
}

Error unusable(const std::string& path, const Error& why) { return {fmt::format("journal {} {}", path, why.message)}; }

// Whatever the umask and the folder: only our user may read what settings and messages are in the journal. SQLite gives
// the files beside it the same mode. The file is not opened if it exists, because closing it would end SQLite's locks.
void make_private(const std::string& path) {
  const io::Descriptor created(::open(path.c_str(), O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600));
  for (const char* suffix : {"", "-wal", "-shm"}) ::chmod((path + suffix).c_str(), 0600);
}

using Opened = std::unique_ptr<Database>;

Opened copy_of(Database& database) {
  Opened copy = copy_sqlite(database);
  migrate(*copy);
  return copy;
}

// What `read` says of the file, which has today's schema or none, or of a copy that was brought up to date.
template <class Read>
auto look_with(const std::string& path, SqliteMode mode, Read read) -> decltype(read(nullptr)) {
  try {
    Opened database = open_sqlite(path, mode);
    if (const auto fits = check_schema(*database); !fits) return std::unexpected(unusable(path, fits.error()));
    if (database->is_empty() || !is_outdated(*database)) return read(std::move(database));
    return read(copy_of(*database));
  } catch (const std::exception& error) {
    return std::unexpected(in_journal(path, "read", error));
  }
}

// Without a write-ahead log the file is whole, and reading it as immutable leaves no files beside it. Unless a pass
// begins just then: its log tells.
template <class Read>
auto look_at(const std::string& path, Read read) -> decltype(read(nullptr)) {
  std::error_code ignored;
  const auto has_log = [&] { return std::filesystem::exists(path + "-wal", ignored); };
  if (!has_log()) {
    auto found = look_with(path, SqliteMode::immutable, read);
    if (!has_log()) return found;
  }
  return look_with(path, SqliteMode::read, read);
}

}  // namespace

SqliteJournal::SqliteJournal(std::string path, std::unique_ptr<Database> database)
    : path_(std::move(path)), database_(std::move(database)) {}

SqliteJournal::~SqliteJournal() { thread_.join(); }

Expected<std::unique_ptr<SqliteJournal>> SqliteJournal::open(const std::string& path) {
  try {
    make_private(path);
    auto database = open_sqlite(path, SqliteMode::create);
    if (const auto fits = check_schema(*database); !fits) return std::unexpected(unusable(path, fits.error()));
    keep_log(*database);
    migrate(*database);
    return std::unique_ptr<SqliteJournal>(new SqliteJournal(path, std::move(database)));
  } catch (const std::exception& error) {
    return std::unexpected(in_journal(path, "opened", error));
  }
}

Expected<Memory> SqliteJournal::look(const std::string& path, Instant now, const std::set<Instant>& spent_since) {
  std::error_code unreadable;
  if (!std::filesystem::exists(path, unreadable) && !unreadable) return Memory{};
  return look_at(path, [&](Opened database) -> Expected<Memory> {
    if (database->is_empty()) return Memory{};
    Memory memory = read_memory(*database, now);
    memory.spent = read_spending(*database, spent_since);
    return memory;
  });
}

Expected<std::unique_ptr<Database>> SqliteJournal::copy(const std::string& path) {
  return look_at(path, [](Opened database) -> Expected<Opened> { return copy_of(*database); });
}

Expected<void> SqliteJournal::glance(const std::string& path, const std::function<void(Opened)>& read) {
  return look_at(path, [&](Opened database) -> Expected<void> {
    read(std::move(database));
    return {};
  });
}

Expected<std::unique_ptr<Database>> SqliteJournal::view(const std::string& path) {
  try {
    // The last to close a journal removes its log, which one that may only read cannot.
    Opened database = open_sqlite(path, SqliteMode::view);
    database->begin();  // from the first read on, which is the next one, all of them see the same
    if (const auto fits = check_schema(*database); !fits) return std::unexpected(unusable(path, fits.error()));
    if (is_outdated(*database))
      return std::unexpected(unusable(path, {"is of an older version; the next pass brings it up to date"}));
    return database;
  } catch (const std::exception& error) {
    return std::unexpected(in_journal(path, "read", error));
  }
}

io::Task<Expected<Memory>> SqliteJournal::load(Instant now) {
  co_return co_await io::offload(thread_, [this, now]() -> Expected<Memory> {
    try {
      return read_memory(*database_, now);
    } catch (const std::exception& error) {
      return std::unexpected(in_journal(path_, "read", error));
    }
  });
}

io::Task<Expected<Spending>> SqliteJournal::spent_since(std::set<Instant> times) {
  co_return co_await io::offload(thread_, [this, owned = std::move(times)]() -> Expected<Spending> {
    try {
      return read_spending(*database_, owned);
    } catch (const std::exception& error) {
      return std::unexpected(in_journal(path_, "read", error));
    }
  });
}

io::Task<Expected<void>> SqliteJournal::commit(Changes changes) {
  co_return co_await io::offload(thread_, [this, owned = std::move(changes)]() -> Expected<void> {
    try {
      io::waypoint("journal.before-commit");
      Transaction transaction(*database_);
      write_changes(*database_, owned);
      transaction.commit();
      io::waypoint("journal.after-commit");
      return {};
    } catch (const std::exception& error) {
      return std::unexpected(in_journal(path_, "written", error));
    }
  });
}

io::Task<Expected<Totals>> SqliteJournal::totals() {
  co_return co_await io::offload(thread_, [this]() -> Expected<Totals> {
    try {
      return read_totals(*database_);
    } catch (const std::exception& error) {
      return std::unexpected(in_journal(path_, "read", error));
    }
  });
}

}  // namespace hydra_provisioner::state
