#include "providers/nixops/conditions.hpp"

#include <algorithm>
#include <cstddef>
#include <map>
#include <optional>
#include <vector>

#include <fmt/format.h>

namespace hydra_provisioner::providers::nixops {
namespace {

constexpr int not_up = 2;
constexpr int not_reachable = 4;
constexpr int all_bits = 31;  // a greater status is none of `check`'s: a signal's

using Cells = std::vector<std::string_view>;
using Row = std::map<std::string_view, std::string_view>;  // by the name of the column

std::string_view trimmed(std::string_view text) {
  const std::size_t start = text.find_first_not_of(" \r");
  if (start == std::string_view::npos) return {};
  return text.substr(start, text.find_last_not_of(" \r") + 1 - start);
}

// Of `| machine | Yes    |`; none for a line that is not of a table.
Cells cells_of(std::string_view line) {
  Cells cells;
  if (!line.starts_with('|')) return cells;
  line.remove_prefix(1);
  for (std::size_t end = 0; (end = line.find('|')) != std::string_view::npos; line.remove_prefix(end + 1)) {
    cells.push_back(trimmed(line.substr(0, end)));
  }
  return cells;
}

// Empty for a line that was cut off. The columns that matter stand before those that may hold anything, such as a `|`.
Row row_of(const Cells& columns, const Cells& cells) {
  Row row;
  if (cells.size() < columns.size()) return row;
  for (std::size_t at = 0; at < columns.size(); ++at) row.emplace(columns[at], cells[at]);
  return row;
}

bool is_heading(const Cells& cells) {
  return std::ranges::all_of(Cells{"Name", "Exists", "Up", "Reachable"},
                             [&](std::string_view column) { return std::ranges::count(cells, column) > 0; });
}

// A second table lists the resources that are no machines, and has fewer columns.
std::optional<Row> row_of_the_machine(std::string_view output) {
  Cells columns;
  while (!output.empty()) {
    const std::string_view line = output.substr(0, output.find('\n'));
    output.remove_prefix(std::min(output.size(), line.size() + 1));
    const Cells cells = cells_of(line);
    if (is_heading(cells)) {
      columns = cells;
    } else if (cells.empty() && !line.starts_with('+')) {
      columns.clear();
    } else if (Row row = row_of(columns, cells); row["Name"] == "machine") {
      return row;
    }
  }
  return std::nullopt;
}

}  // namespace

Expected<Condition> condition_of(int exit_status, std::string_view output) {
  auto row = row_of_the_machine(output);
  if (!row) return failure(fmt::format("nixops check exited with {} and printed no state of the machine", exit_status));
  Row& said = *row;
  // A stopped machine at Hetzner is not said to exist either, but it is said not to be up.
  const bool nothing_is_said = said["Exists"] == "N/A" && said["Up"] == "N/A";
  if (said["Exists"] == "No" || nothing_is_said) return Condition::vanished;
  const bool is_down = exit_status <= all_bits && (exit_status & (not_up | not_reachable)) != 0;
  const bool is_fine = !is_down && said["Up"] != "No" && said["Reachable"] != "No";
  return is_fine ? Condition::fine : Condition::unreachable;
}

}  // namespace hydra_provisioner::providers::nixops
