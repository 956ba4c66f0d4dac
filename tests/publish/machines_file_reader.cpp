#include "tests/publish/machines_file_reader.hpp"

#include <charconv>
#include <vector>

#include "io/text/base64.hpp"

namespace hydra_provisioner::publish {
namespace {

using Tokens = std::vector<std::string>;

// As Nix's tokenizeString: empty tokens do not exist.
Tokens tokens_of(std::string_view text, std::string_view separators) {
  Tokens tokens;
  for (auto start = text.find_first_not_of(separators); start != std::string_view::npos;) {
    const auto end = text.find_first_of(separators, start);
    tokens.emplace_back(text.substr(start, end - start));
    start = text.find_first_not_of(separators, end);
  }
  return tokens;
}

std::string_view without_comment(std::string_view line) { return line.substr(0, line.find('#')); }

std::optional<std::string> column(const Tokens& tokens, std::size_t number) {
  if (tokens.size() < number || tokens[number - 1] == "-") return std::nullopt;
  return tokens[number - 1];
}

std::set<std::string> list(const std::optional<std::string>& column) {
  const auto names = tokens_of(column.value_or(""), ",");
  return {names.begin(), names.end()};
}

template <class Number>
std::optional<Number> number(const std::string& text) {
  Number value{};
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc{} || end != text.data() + text.size()) return std::nullopt;
  return value;
}

// The columns that both grammars read alike.
std::expected<ReadMachine, std::string> common_columns(const Tokens& tokens) {
  ReadMachine machine{.systems = list(column(tokens, 2)),
                      .ssh_key = column(tokens, 3),
                      .supported = list(column(tokens, 6)),
                      .mandatory = list(column(tokens, 7))};
  if (const auto host_key = column(tokens, 8)) {
    machine.host_key = io::from_base64(*host_key);
    if (!machine.host_key) return std::unexpected("bad base64: " + *host_key);
  }
  return machine;
}

std::expected<ReadMachine, std::string> hydra_machine(const Tokens& tokens) {
  auto machine = common_columns(tokens);
  if (!machine) return machine;
  const auto max_jobs = number<std::uint32_t>(tokens.size() >= 4 ? tokens[3] : "1");
  if (!max_jobs) return std::unexpected("maxJobs: " + tokens[3]);
  machine->max_jobs = *max_jobs;
  machine->speed_factor = number<float>(column(tokens, 5).value_or("0")).value_or(0);  // atof
  machine->supported.insert(machine->mandatory.begin(), machine->mandatory.end());
  return machine;
}

std::expected<ReadMachine, std::string> nix_machine(const Tokens& tokens) {
  if (tokens[0].contains("://") && !tokens[0].starts_with("ssh://")) return std::unexpected("scheme: " + tokens[0]);
  auto machine = common_columns(tokens);
  if (!machine) return machine;
  const auto max_jobs = number<std::uint32_t>(column(tokens, 4).value_or("1"));
  const auto speed_factor = number<float>(column(tokens, 5).value_or("1"));
  if (!max_jobs) return std::unexpected("maxJobs: " + tokens[3]);
  if (!speed_factor || *speed_factor < 0) return std::unexpected("speedFactor: " + tokens[4]);
  machine->max_jobs = *max_jobs;
  machine->speed_factor = *speed_factor == 0 ? 1 : *speed_factor;
  return machine;
}

}  // namespace

ReadMachines read_like_hydra(std::string_view content) {
  std::map<std::string, ReadMachine> machines;
  for (const auto& line : tokens_of(content, "\n")) {
    const auto tokens = tokens_of(without_comment(line), " \t\r");
    if (tokens.size() < 3) continue;
    const auto machine = hydra_machine(tokens);
    if (!machine) return std::unexpected(machine.error());
    machines.insert_or_assign(tokens[0], *machine);
  }
  return machines;
}

ReadMachines read_like_nix(std::string_view content) {
  std::map<std::string, ReadMachine> machines;
  for (const auto& line : tokens_of(content, "\n")) {
    for (const auto& entry : tokens_of(without_comment(line), ";")) {
      const auto tokens = tokens_of(entry, " \t\r");
      if (tokens.empty()) continue;
      if (tokens[0].starts_with('@')) return std::unexpected("include: " + entry);
      const auto machine = nix_machine(tokens);
      if (!machine) return std::unexpected(machine.error());
      machines.insert_or_assign(tokens[0], *machine);
    }
  }
  return machines;
}

}  // namespace hydra_provisioner::publish
