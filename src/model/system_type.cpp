#include "model/system_type.hpp"

#include <algorithm>

#include <fmt/format.h>
#include <fmt/ranges.h>

namespace hydra_provisioner {
namespace {

std::set<std::string> split_commas(std::string_view list) {
  std::set<std::string> parts;
  while (true) {
    const auto comma = list.find(',');
    parts.emplace(list.substr(0, comma));
    if (comma == std::string_view::npos) return parts;
    list.remove_prefix(comma + 1);
  }
}

// Everything else could break a line of the machines file.
bool is_plain(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' || c == '-' ||
         c == '.' || c == '+';
}

std::pair<std::string_view, std::string_view> split_at_colon(std::string_view name) {
  const auto colon = name.find(':');
  if (colon == std::string_view::npos) return {name, {}};
  return {name.substr(0, colon), name.substr(colon + 1)};
}

}  // namespace

bool is_system(std::string_view word) { return !word.empty() && word != "-" && std::ranges::all_of(word, is_plain); }

bool is_feature(std::string_view word) {
  const auto may_be_inside = [](char c) { return is_plain(c) || c == ':'; };
  return !word.empty() && word != "-" && !word.starts_with(':') && !word.ends_with(':') &&
         std::ranges::all_of(word, may_be_inside);
}

Expected<MachineKind> parse_system_type(std::string_view name) {
  const auto [systems, features] = split_at_colon(name);
  MachineKind kind{.systems = split_commas(systems)};
  if (name.contains(':')) kind.supported_features = split_commas(features);
  const auto is_not = [](const std::string& word, std::string_view what) {
    return failure(fmt::format(
        "{:?} is not a {}; a system type is written SYSTEM or SYSTEM:FEATURE,FEATURE, such as x86_64-linux:benchmark",
        word, what));
  };
  const auto bad_system = std::ranges::find_if_not(kind.systems, is_system);
  if (bad_system != kind.systems.end()) return is_not(*bad_system, "system");
  const auto bad_feature = std::ranges::find_if_not(kind.supported_features, is_feature);
  if (bad_feature != kind.supported_features.end()) return is_not(*bad_feature, "system feature");
  if (kind.supported_features.contains("local")) return failure(fmt::format("\"local\" is {}", local_is_no_feature));
  if (kind.systems.contains("x86_64-linux")) kind.systems.insert("i686-linux");
  kind.mandatory_features = kind.supported_features;
  return kind;
}

StepType parse_step_type(std::string_view key) {
  const auto [system, features] = split_at_colon(key);
  StepType step{.system = std::string(system), .features = {}};
  if (!features.empty()) step.features = split_commas(features);
  step.features.erase("local");
  return step;
}

bool serves(const MachineKind& machine, const StepType& step) {
  return machine.systems.contains(step.system) && std::ranges::includes(step.features, machine.mandatory_features) &&
         std::ranges::includes(machine.supported_features, step.features);
}

bool fits_a_column(std::string_view text) {
  return !text.empty() && std::ranges::all_of(text, [](char c) { return c > ' ' && c <= '~' && c != ';' && c != '#'; });
}

std::string joined(const std::set<std::string>& names) {
  return names.empty() ? "-" : fmt::format("{}", fmt::join(names, ","));
}

}  // namespace hydra_provisioner
