#include "state/move.hpp"

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

bool has_rows(Database& database) {
  for (const std::string& table : database.tables()) {
    if (ask<std::int64_t>(database, "select count(*) from " + table) != 0) return true;
  }
  return false;
}

std::unique_ptr<Database> open_target(const JournalPlace& place) {
  if (!place.is_shared()) {
    if (const auto made = SqliteJournal::open(place.file); !made) throw DatabaseError(made.error().message);
  }
  auto database = place.is_shared() ? open_postgres(place.server, place.tag, PostgresMode::write)
                                    : open_sqlite(place.file, SqliteMode::create);
  if (const auto fits = check_schema(*database); !fits)
    throw DatabaseError(fmt::format("{} {}", place.described(), fits.error().message));
  if (has_rows(*database))
    throw DatabaseError(
        fmt::format("{} has a journal of tag {} already; move that away first", place.described(), place.tag));
  if (place.is_shared()) make_tables(*database, place.tag);
  return database;
}

std::map<std::string, std::int64_t> copy(Database& from, Database& to) {
  std::map<std::string, std::int64_t> rows;
  Transaction transaction(to);
  for (const std::string& name : from.tables()) {
    const Table table(from, name);
    const Sum read = table.read(from, &to);
    if (const Sum written = table.read(to, nullptr); written != read)
      throw DatabaseError(
          fmt::format("table {}: {} rows were read and {} written, or they differ", name, read.rows, written.rows));
    rows[name] = read.rows;
  }
  to.continue_ids();
  transaction.commit();
  return rows;
}

}  // namespace

Expected<std::map<std::string, std::int64_t>> copy_journal(const JournalPlace& from, const JournalPlace& to) {
  try {
    const auto source = open_source(from);
    return copy(*source, *open_target(to));
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
      rename_schema(place.server, place.tag, name);
      return fmt::format("schema {}", name);
    } catch (const std::exception& error) {
      return failure(fmt::format("{}: {}", place.described(), error.what()));
    }
  }
  std::error_code error;
  const std::string name = fmt::format("{}.{}", place.file, moved);
  std::filesystem::rename(place.file, name, error);
  if (error) return failure(fmt::format("{}: cannot be renamed: {}", place.file, error.message()));
  return name;
}

}  // namespace hydra_provisioner::state
