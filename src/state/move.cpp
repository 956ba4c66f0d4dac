#include "state/move.hpp"

#include <algorithm>
#include <chrono>
#include <exception>
#include <filesystem>
#include <memory>
#include <string_view>
#include <system_error>
#include <utility>
#include <vector>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "io/file/files.hpp"
#include "io/text/hash.hpp"
#include "state/database/fields.hpp"
#include "state/database/postgres.hpp"
#include "state/database/schema.hpp"
#include "state/database/sqlite.hpp"
#include "state/hosts.hpp"
#include "state/postgres_journal.hpp"
#include "state/sqlite_journal.hpp"

namespace hydra_provisioner::state {
namespace {

// Of all rows of a table, in any order.
struct Sum {
  std::int64_t rows = 0;
  std::uint64_t hash = 0;

  friend bool operator==(const Sum&, const Sum&) = default;
};

Field field_at(const Rows& row, int column, ColumnType type) {
  if (row.is_null(column)) return {};
  switch (type) {
    case ColumnType::integer:
      return row.integer(column);
    case ColumnType::real:
      return row.real(column);
    case ColumnType::text:
      break;
  }
  return row.text(column);
}

// Alike for what both databases can keep.
std::string text_of(const Field& field) {
  if (const auto* number = std::get_if<std::int64_t>(&field)) return fmt::format("{}", *number);
  if (const auto* real = std::get_if<double>(&field)) return fmt::format("{}", *real);
  if (const auto* text = std::get_if<std::string_view>(&field)) return valid_text(*text);
  return "null";
}

class Table {
 public:
  Table(Database& of, std::string name) : name_(std::move(name)), columns_(of.columns(name_)) {
    std::vector<std::string> names;
    std::vector<std::string> places;
    for (const Database::Column& column : columns_) {
      names.push_back(column.name);
      places.push_back(fmt::format("${}", names.size()));
    }
    select_ = fmt::format("select {} from {}", fmt::join(names, ", "), name_);
    insert_ = fmt::format("insert into {} ({}) values ({})", name_, fmt::join(names, ", "), fmt::join(places, ", "));
  }

  // Writes each row to `to`, unless that is null.
  Sum read(Database& from, Database* to) const {
    Sum sum;
    const auto rows = query(from, select_);
    std::vector<Field> fields;
    while (rows->next()) {
      fields.clear();
      std::string text;
      for (std::size_t column = 0; column < columns_.size(); ++column) {
        fields.push_back(field_at(*rows, static_cast<int>(column), columns_[column].type));
        text += text_of(fields.back()) + '\n';
      }
      if (to != nullptr) to->execute(insert_, fields);
      ++sum.rows;
      sum.hash += io::fnv1a(text);
    }
    return sum;
  }

 private:
  std::string name_;
  std::vector<Database::Column> columns_;
  std::string select_;
  std::string insert_;
};

std::unique_ptr<Database> open_source(const JournalPlace& place) {
  auto database = place.is_shared() ? view_postgres(place) : SqliteJournal::copy(place.file);
  if (!database) throw DatabaseError(database.error().message);
  return *std::move(database);
}

using Sums = std::map<std::string, Sum>;

// By table.
Sums sums_of(Database& database) {
  Sums sums;
  for (const std::string& name : database.tables()) sums.emplace(name, Table(database, name).read(database, nullptr));
  return sums;
}

bool has_rows(const Sums& sums) {
  return std::ranges::any_of(sums, [](const auto& entry) { return entry.second.rows != 0; });
}

// A file is made beside its place, and takes it when it is complete.
std::string unfinished(const JournalPlace& place) { return place.file + ".moving"; }

std::unique_ptr<Database> open_target(const JournalPlace& place) {
  if (place.is_shared()) {
    auto database = open_postgres(place.server, place.tag, PostgresMode::write);
    if (const auto fits = check_schema(*database); !fits)
      throw DatabaseError(fmt::format("{} {}", place.described(), fits.error().message));
    make_tables(*database, place.tag);
    return database;
  }
  if (std::filesystem::exists(place.file)) {
    auto database = open_sqlite(place.file, SqliteMode::view);
    if (const auto fits = check_schema(*database); !fits)
      throw DatabaseError(fmt::format("{} {}", place.described(), fits.error().message));
    if (!is_outdated(*database)) return database;
    throw DatabaseError(fmt::format("{} has a journal of an older version; move that away first", place.described()));
  }
  const std::string file = unfinished(place);
  std::filesystem::remove(file);
  if (const auto made = SqliteJournal::open(file); !made) throw DatabaseError(made.error().message);
  return open_sqlite(file, SqliteMode::create);
}

// Of what was read.
Sums copy(Database& from, Database& to) {
  Transaction transaction(to);
  Sums read;
  for (const std::string& name : from.tables()) read.emplace(name, Table(from, name).read(from, &to));
  if (sums_of(to) != read) throw DatabaseError("what was written differs from what was read");
  to.continue_ids();
  transaction.commit();
  return read;
}

void make_way(const JournalPlace& place) {
  if (!place.is_shared()) return;
  const auto database = open_postgres(place.server, place.tag, PostgresMode::write);
  if (database->format().application == moved_away.application) drop_mark(*database, place.tag);
}

}  // namespace

Expected<void> prepare_move(const JournalPlace& from, const JournalPlace& to) {
  try {
    if (open_source(from)->tables().empty()) throw DatabaseError(fmt::format("{} has no journal", from.described()));
    make_way(to);
    return {};
  } catch (const std::exception& error) {
    return failure(fmt::format("the journal was not moved: {}", error.what()));
  }
}

// One that was copied, and not set aside, because the program was killed, is the same at both places.
Expected<std::map<std::string, std::int64_t>> copy_journal(const JournalPlace& from, const JournalPlace& to) {
  try {
    const auto source = open_source(from);
    auto target = open_target(to);
    const Sums there = sums_of(*target);
    const bool is_copied = has_rows(there);
    const Sums read = is_copied ? sums_of(*source) : copy(*source, *target);
    if (is_copied && there != read)
      throw DatabaseError(
          fmt::format("{} has a journal of tag {} already; move that away first", to.described(), to.tag));
    target.reset();  // a file is complete when it is closed
    if (!to.is_shared() && std::filesystem::exists(unfinished(to))) std::filesystem::rename(unfinished(to), to.file);
    std::map<std::string, std::int64_t> rows;
    for (const auto& [table, sum] : read) rows[table] = sum.rows;
    return rows;
  } catch (const std::exception& error) {
    return failure(fmt::format("the journal was not moved: {}", error.what()));
  }
}

Expected<std::string> set_aside(const JournalPlace& place) {
  const auto now = std::chrono::floor<std::chrono::seconds>(std::chrono::system_clock::now());
  const std::string moved = fmt::format("moved-{}", now.time_since_epoch().count());
  if (place.is_shared()) {
    try {
      const std::string name = fmt::format("{}-{}", moved, place.tag);
      set_schema_aside(place.server, place.tag, name);
      return fmt::format("schema {}", name);
    } catch (const std::exception& error) {
      return failure(fmt::format("{}: {}", place.described(), error.what()));
    }
  }
  // Closing it takes its log into the file.
  if (const auto closed = SqliteJournal::open(place.file); !closed) return std::unexpected(closed.error());
  std::error_code error;
  std::string name = fmt::format("{}.{}", place.file, moved);
  std::filesystem::rename(place.file, name, error);
  if (error) return failure(fmt::format("{}: cannot be renamed: {}", place.file, error.message()));
  return name;
}

}  // namespace hydra_provisioner::state
