#include "sim/read_machines_file.hpp"

#include <algorithm>
#include <charconv>
#include <vector>

#include <fmt/format.h>

namespace hydra_provisioner::sim {
namespace {

std::vector<std::string> split(std::string_view text, std::string_view separators) {
  std::vector<std::string> parts;
  for (auto start = text.find_first_not_of(separators); start != std::string_view::npos;) {
    const auto end = text.find_first_of(separators, start);
    parts.emplace_back(text.substr(start, end - start));
    start = text.find_first_not_of(separators, end);
  }
  return parts;
}

std::set<std::string> names_in(const std::string& column) {
  if (column == "-") return {};
  const auto names = split(column, ",");
  return {names.begin(), names.end()};
}

bool is_subset(const std::set<std::string>& some, const std::set<std::string>& all) {
  return std::ranges::includes(all, some);
}

bool read_number(const std::string& text, std::int64_t min, std::int64_t& into) {
  const auto read = std::from_chars(text.data(), text.data() + text.size(), into);
  return read.ec == std::errc{} && read.ptr == text.data() + text.size() && into >= min;
}

Expected<MachineLine> read_columns(const std::vector<std::string>& columns) {
  if (columns.size() != 8) return failure(fmt::format("{} columns", columns.size()));
  MachineLine line{
      .systems = names_in(columns[1]), .supported = names_in(columns[5]), .mandatory = names_in(columns[6])};
  if (!read_number(columns[3], 0, line.max_jobs)) return failure("maxJobs: " + columns[3]);
  if (!read_number(columns[4], 1, line.speed_factor)) return failure("speedFactor: " + columns[4]);
  return line;
}

}  // namespace

bool MachineLine::supports(const std::string& system, const std::set<std::string>& features) const {
  return systems.contains(system) && is_subset(mandatory, features) && is_subset(features, supported);
}

Expected<std::map<std::string, MachineLine>> read_machines_file(std::string_view content) {
  std::map<std::string, MachineLine> machines;
  for (const std::string& text : split(content, "\n")) {
    const auto columns = split(std::string_view(text).substr(0, text.find('#')), " \t\r");
    if (columns.empty()) continue;
    auto line = read_columns(columns);
    if (!line) return std::unexpected(within(text, line.error()));
    machines.insert_or_assign(columns[0], *std::move(line));
  }
  return machines;
}

}  // namespace hydra_provisioner::sim
