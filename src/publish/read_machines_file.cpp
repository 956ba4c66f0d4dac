#include "publish/read_machines_file.hpp"

#include <algorithm>
#include <limits>
#include <utility>
#include <vector>

#include <fmt/format.h>

#include "io/text/base64.hpp"
#include "io/text/strings.hpp"
#include "model/machine.hpp"

namespace hydra_provisioner::publish {
namespace {

constexpr std::size_t columns_expected = 8;

using Columns = std::vector<std::string_view>;

std::string_view without_comment(std::string_view line) { return line.substr(0, line.find('#')); }

Columns columns_of(std::string_view line) { return io::words(without_comment(line), " \t\r"); }

std::optional<std::string> text_in(std::string_view column) {
  if (column == "-") return std::nullopt;
  return std::string(column);
}

std::set<std::string> names_in(std::string_view column) {
  if (column == "-") return {};
  const auto names = io::words(column, ",");
  return {names.begin(), names.end()};
}

bool is_subset(const std::set<std::string>& some, const std::set<std::string>& all) {
  return std::ranges::includes(all, some);
}

Expected<std::int64_t> number_in(std::string_view column_name, std::string_view column, std::int64_t min) {
  const auto number = io::parse_number<std::int64_t>(column);
  if (number && *number >= min && *number <= std::numeric_limits<std::uint32_t>::max()) return *number;
  return failure(fmt::format("{}: {}", column_name, column));
}

// Nix's parser takes a leading `@` for an inclusion, `;` for the end of an entry, and knows schemes. Old and new ones
// read a scheme differently, so it only stands where a port leaves no choice.
Expected<void> check_name(std::string_view line, std::string_view name) {
  if (name.starts_with('@')) return failure(fmt::format("inclusion: {}", name));
  if (line.contains(';')) return failure("several entries on one line");
  constexpr std::string_view ssh = "ssh://";
  const bool has_port = name.starts_with(ssh) && login_parts(name.substr(ssh.size())).port;
  if (name.contains("://") && !has_port) return failure(fmt::format("scheme: {}", name));
  return {};
}

Expected<MachineLine> read_columns(const Columns& columns) {
  if (columns.size() != columns_expected) return failure(fmt::format("{} columns", columns.size()));
  MachineLine line{.systems = names_in(columns[1]),
                   .ssh_key = text_in(columns[2]),
                   .supported = names_in(columns[5]),
                   .mandatory = names_in(columns[6])};
  const auto max_jobs = number_in("maxJobs", columns[3], 0);
  if (!max_jobs) return std::unexpected(max_jobs.error());
  line.max_jobs = *max_jobs;
  const auto speed_factor = number_in("speedFactor", columns[4], 1);
  if (!speed_factor) return std::unexpected(speed_factor.error());
  line.speed_factor = *speed_factor;
  if (!is_subset(line.mandatory, line.supported))  // the old parser adds them, the new one does not
    return failure(fmt::format("mandatory features that are not supported: {}", columns[6]));
  if (const auto encoded = text_in(columns[7])) {
    line.host_key = io::from_base64(*encoded);
    if (!line.host_key) return failure("not base64: " + *encoded);
  }
  return line;
}

}  // namespace

std::set<std::string> names_in_machines_file(std::string_view content) {
  std::set<std::string> names;
  for (const std::string_view line : io::lines(content)) {
    const Columns columns = columns_of(line);
    if (!columns.empty() && !columns[0].ends_with(placeholder_domain)) names.emplace(columns[0]);
  }
  return names;
}

bool MachineLine::supports(const std::string& system, const std::set<std::string>& features) const {
  return systems.contains(system) && is_subset(mandatory, features) && is_subset(features, supported);
}

Expected<std::map<std::string, MachineLine>> read_machines_file(std::string_view content) {
  std::map<std::string, MachineLine> machines;
  for (const std::string_view whole_line : io::lines(content)) {
    const std::string_view text = without_comment(whole_line);
    const Columns columns = columns_of(text);
    if (columns.empty()) continue;
    if (auto checked = check_name(text, columns[0]); !checked) return std::unexpected(within(text, checked.error()));
    auto line = read_columns(columns);
    if (!line) return std::unexpected(within(text, line.error()));
    machines.insert_or_assign(std::string(columns[0]), *std::move(line));
  }
  return machines;
}

}  // namespace hydra_provisioner::publish
