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

// Nix's own systems and features are made of these; everything else could break a line of the machines file.
bool is_plain_word(std::string_view word) {
  const auto is_plain = [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' || c == '-' ||
           c == '.' || c == '+';
  };
  return !word.empty() && word != "-" && std::ranges::all_of(word, is_plain);
}

std::pair<std::string_view, std::string_view> split_at_colon(std::string_view name) {
  const auto colon = name.find(':');
  if (colon == std::string_view::npos) return {name, {}};
  return {name.substr(0, colon), name.substr(colon + 1)};
}

}  // namespace

Expected<SystemType> parse_system_type(std::string_view name) {
  const auto [systems, features] = split_at_colon(name);
  SystemType type{.systems = split_commas(systems), .features = {}};
  if (name.contains(':')) type.features = split_commas(features);
  for (const auto* words : {&type.systems, &type.features}) {
    const auto bad = std::ranges::find_if_not(*words, is_plain_word);
    if (bad == words->end()) continue;
    return failure(fmt::format(
        "{:?} is not a {}; a system type is written SYSTEM or SYSTEM:FEATURE,FEATURE, such as x86_64-linux:benchmark",
        *bad, words == &type.systems ? "system" : "system feature"));
  }
  if (type.features.contains("local")) {
    return failure("\"local\" is no feature that a machine can have: the queue runner adds it to steps by itself");
  }
  if (type.systems.contains("x86_64-linux")) type.systems.insert("i686-linux");
  return type;
}

StepType parse_step_type(std::string_view key) {
  const auto [system, features] = split_at_colon(key);
  StepType step{.system = std::string(system), .features = {}};
  if (!features.empty()) step.features = split_commas(features);
  step.features.erase("local");
  return step;
}

bool serves(const SystemType& pool, const StepType& step) {
  return pool.systems.contains(step.system) && pool.features == step.features;
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
