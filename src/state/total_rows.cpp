#include "state/total_rows.hpp"

#include <ranges>
#include <string>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "state/database/fields.hpp"

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
Totals read_totals(Database& database) {
  Totals totals;
  const auto rows = query(database, "select metric, labels, value from totals");
  while (rows->next()) {
    const auto total = from_name<Total>(rows->text(0));
    if (total) totals[{*total, labels_from(get<std::string>(*rows, 1))}] = rows->real(2);
  }
  return totals;
}

void write_totals(Database& database, const Totals& growth) {
  for (const auto& [key, value] : growth) {
    execute(database,
            "insert into totals (metric, labels, value) values ($1, $2, $3) "
            "on conflict (metric, labels) do update set value = totals.value + excluded.value",
            key.total, fmt::format("{}", fmt::join(key.labels, std::string_view(&separator, 1))), value);
  }
}

std::map<PoolName, Instant> read_waiting(Database& database) {
  std::map<PoolName, Instant> waiting;
  const auto rows = query(database, "select pool, since from waiting");
  while (rows->next()) waiting.emplace(get<PoolName>(*rows, 0), get<Instant>(*rows, 1));
  return waiting;
}

void write_waiting(Database& database, const std::map<PoolName, Instant>& waiting) {
  execute(database, "delete from waiting");
  for (const auto& [pool, since] : waiting)
    execute(database, "insert into waiting (pool, since) values ($1, $2)", pool, since);
}

}  // namespace hydra_provisioner::state
