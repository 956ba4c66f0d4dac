#include "state/total_rows.hpp"

#include <ranges>
#include <string>

#include <SQLiteCpp/Database.h>
#include <SQLiteCpp/Statement.h>
#include <fmt/format.h>
#include <fmt/ranges.h>

namespace hydra_provisioner::state {
namespace {

constexpr char separator = '\t';  // no name of a pool has it

std::vector<std::string> labels_from(const std::string& text) {
  std::vector<std::string> labels;
  if (text.empty()) return labels;
  for (const auto part : std::views::split(text, separator)) labels.emplace_back(part.begin(), part.end());
  return labels;
}

}  // namespace

// A metric that this version does not know was dropped; another version may go on with it.
Totals read_totals(SQLite::Database& database) {
  Totals totals;
  SQLite::Statement rows(database, "select metric, labels, value from totals");
  while (rows.executeStep()) {
    const auto total = from_name<Total>(rows.getColumn(0).getString());
    if (total) totals[{*total, labels_from(rows.getColumn(1).getString())}] = rows.getColumn(2).getDouble();
  }
  return totals;
}

void write_totals(SQLite::Database& database, const Totals& growth) {
  if (growth.empty()) return;
  SQLite::Statement row(database,
                        "insert into totals values (?, ?, ?) on conflict do update set value = value + excluded.value");
  for (const auto& [key, value] : growth) {
    row.reset();
    row.bind(1, std::string(to_string(key.total)));
    row.bind(2, fmt::format("{}", fmt::join(key.labels, std::string_view(&separator, 1))));
    row.bind(3, value);
    row.exec();
  }
}

std::map<PoolName, Instant> read_waiting(SQLite::Database& database) {
  std::map<PoolName, Instant> waiting;
  SQLite::Statement rows(database, "select pool, since from waiting");
  while (rows.executeStep())
    waiting.emplace(PoolName{rows.getColumn(0).getString()}, from_unix(rows.getColumn(1).getInt64()));
  return waiting;
}

void write_waiting(SQLite::Database& database, const std::map<PoolName, Instant>& waiting) {
  database.exec("delete from waiting");
  for (const auto& [pool, since] : waiting) {
    SQLite::Statement row(database, "insert into waiting values (?, ?)");
    row.bind(1, pool.text);
    row.bind(2, to_unix(since));
    row.exec();
  }
}

}  // namespace hydra_provisioner::state
