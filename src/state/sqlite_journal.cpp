#include "state/sqlite_journal.hpp"

#include <cctype>
#include <exception>
#include <filesystem>
#include <string_view>
#include <utility>

#include <SQLiteCpp/Backup.h>
#include <SQLiteCpp/Database.h>
#include <SQLiteCpp/Exception.h>
#include <SQLiteCpp/Transaction.h>
#include <fmt/format.h>
#include <sqlite3.h>

#include "io/offload.hpp"
#include "io/waypoint.hpp"
#include "state/rows.hpp"
#include "state/schema.hpp"

namespace hydra_provisioner {
namespace {

constexpr int busy_timeout_ms = 5000;

std::string_view advice_on(const std::exception& error) {
  const auto* from_sqlite = dynamic_cast<const SQLite::Exception*>(&error);
  switch (from_sqlite == nullptr ? SQLITE_CANTOPEN : from_sqlite->getErrorCode() & 0xff) {
    case SQLITE_FULL:
    case SQLITE_IOERR:
      return "look after the disk and its free space";
    case SQLITE_BUSY:
    case SQLITE_LOCKED:
      return "end whoever holds it";
    case SQLITE_CANTOPEN:
    case SQLITE_PERM:
    case SQLITE_READONLY:
      return "look after its folder, its owner and permissions";
    default:
      return "move it away with its -wal file: machines are then found again through their providers";
  }
}

// SQLite's own words, with where and what to do.
Error in_journal(const std::string& path, std::string_view doing, const std::exception& error) {
  return {fmt::format("journal {}: cannot be {}: {}; {}", path, doing, error.what(), advice_on(error))};
}

Error unusable(const std::string& path, const Error& why) { return {fmt::format("journal {} {}", path, why.message)}; }

// A path within SQLite's `file:` names, where `?`, `#` and `%` mean something.
std::string in_uri(const std::string& path) {
  std::string escaped;
  for (const char c : path) {
    const bool is_plain = std::isalnum(static_cast<unsigned char>(c)) != 0 || std::string_view("/._-").contains(c);
    escaped += is_plain ? std::string(1, c) : fmt::format("%{:02X}", static_cast<unsigned char>(c));
  }
  return escaped;
}

Expected<Memory> look_with(const std::string& path, std::string_view parameter, Instant now) {
  try {
    SQLite::Database database(fmt::format("file:{}?{}", in_uri(path), parameter),
                              SQLite::OPEN_READONLY | SQLite::OPEN_URI, busy_timeout_ms);
    if (const auto fits = check_schema(database); !fits) return std::unexpected(unusable(path, fits.error()));
    if (database.execAndGet("select count(*) from sqlite_master").getInt() == 0) return Memory{};
    if (!is_outdated(database)) return read_memory(database, now);
    SQLite::Database copy(":memory:", SQLite::OPEN_READWRITE | SQLite::OPEN_CREATE);
    SQLite::Backup(copy, database).executeStep(-1);
    migrate(copy);
    return read_memory(copy, now);
  } catch (const std::exception& error) {
    return std::unexpected(in_journal(path, "read", error));
  }
}

}  // namespace

SqliteJournal::SqliteJournal(std::string path, std::unique_ptr<SQLite::Database> database)
    : path_(std::move(path)), database_(std::move(database)) {}

SqliteJournal::~SqliteJournal() { thread_.join(); }

Expected<std::unique_ptr<SqliteJournal>> SqliteJournal::open(const std::string& path) {
  try {
    auto database =
        std::make_unique<SQLite::Database>(path, SQLite::OPEN_READWRITE | SQLite::OPEN_CREATE, busy_timeout_ms);
    if (const auto fits = check_schema(*database); !fits) return std::unexpected(unusable(path, fits.error()));
    database->exec("pragma journal_mode = wal");
    database->exec("pragma synchronous = full");
    migrate(*database);
    return std::unique_ptr<SqliteJournal>(new SqliteJournal(path, std::move(database)));
  } catch (const std::exception& error) {
    return std::unexpected(in_journal(path, "opened", error));
  }
}

Expected<Memory> SqliteJournal::look(const std::string& path, Instant now) {
  std::error_code unreadable;
  if (!std::filesystem::exists(path, unreadable) && !unreadable) return Memory{};
  // Without a write-ahead log the file is whole, and reading it as immutable leaves no files beside it. Unless a pass
  // begins just then: its log tells.
  const auto has_log = [&] { return std::filesystem::exists(path + "-wal", unreadable); };
  if (!has_log()) {
    auto memory = look_with(path, "immutable=1", now);
    if (!has_log()) return memory;
  }
  return look_with(path, "mode=ro", now);
}

Task<Expected<Memory>> SqliteJournal::load(Instant now) {
  co_return co_await offload(thread_, [this, now]() -> Expected<Memory> {
    try {
      return read_memory(*database_, now);
    } catch (const std::exception& error) {
      return std::unexpected(in_journal(path_, "read", error));
    }
  });
}

Task<Expected<void>> SqliteJournal::commit(Changes changes) {
  co_return co_await offload(thread_, [this, owned = std::move(changes)]() -> Expected<void> {
    try {
      waypoint("journal.before-commit");
      SQLite::Transaction transaction(*database_);
      write_changes(*database_, owned);
      transaction.commit();
      waypoint("journal.after-commit");
      return {};
    } catch (const std::exception& error) {
      return std::unexpected(in_journal(path_, "written", error));
    }
  });
}

}  // namespace hydra_provisioner
