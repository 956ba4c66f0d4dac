#include "trace/assemble.hpp"

#include <algorithm>
#include <optional>
#include <set>
#include <unordered_map>
#include <utility>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "model/system_type.hpp"

namespace hydra_provisioner::trace {
namespace {

constexpr Millis span_max = std::chrono::years{20};

std::vector<std::string> words_of(std::string_view text) {
  std::vector<std::string> words;
  for (auto start = text.find_first_not_of(' '); start != std::string_view::npos;) {
    const auto end = text.find(' ', start);
    words.emplace_back(text.substr(start, end - start));
    start = text.find_first_not_of(' ', end);
  }
  return words;
}

// The key of the step type as the queue runner writes it.
Expected<std::string> step_type_of(std::string_view system, std::string_view features) {
  std::set<std::string> required;
  for (std::string& feature : words_of(features)) required.insert(std::move(feature));
  required.erase("local");
  std::string key = required.empty() ? std::string(system) : fmt::format("{}:{}", system, fmt::join(required, ","));
  const auto type = parse_system_type(key);
  if (!type) return std::unexpected(within(features.empty() ? "system" : "system, features", type.error()));
  if (system.contains(',') || system.contains(':'))
    return failure(fmt::format("system: {:?} is more than one system; features have a column of their own", system));
  return key;
}

std::unexpected<Error> at_line(std::size_t line, const std::string& what) {
  return failure(fmt::format("line {}: {}", line, what));
}

}  // namespace

Expected<void> Assembly::add(const Row& row) {
  if (rows_.size() == steps_max) return failure(fmt::format("more than {} steps", steps_max));
  const auto type = type_of(row);
  if (!type) return std::unexpected(type.error());
  rows_.push_back(
      {.line = row.line,
       .depends_on = std::string(row.depends_on),
       .step = {.ready_at = row.ready_at, .duration = row.duration, .type = *type, .name = std::string(row.name)}});
  return {};
}

Expected<std::uint32_t> Assembly::type_of(const Row& row) {
  const std::string written = fmt::format("{} {}", row.system, row.features);
  if (const auto known = types_.find(written); known != types_.end()) return known->second;
  auto key = step_type_of(row.system, row.features);
  if (!key) return std::unexpected(key.error());
  const auto [number, is_new] = numbers_.emplace(*key, static_cast<std::uint32_t>(step_types_.size()));
  if (is_new) step_types_.push_back(*std::move(key));
  types_.emplace(written, number->second);
  return number->second;
}

Expected<Trace> Assembly::finish() && {
  std::ranges::sort(rows_, {}, [](const KeptRow& row) { return std::pair(row.step.ready_at, row.line); });
  if (auto checked = check_span(); !checked) return std::unexpected(checked.error());
  Trace trace{.step_types = std::move(step_types_), .steps = {}};
  trace.steps.reserve(rows_.size());
  for (KeptRow& row : rows_) trace.steps.push_back(std::move(row.step));
  if (auto resolved = resolve(trace); !resolved) return std::unexpected(resolved.error());
  return trace;
}

Expected<void> Assembly::check_span() const {
  if (rows_.empty()) return {};
  const KeptRow& first = rows_.front();
  const KeptRow& last = rows_.back();
  if (last.step.ready_at - first.step.ready_at <= span_max) return {};
  return at_line(last.line,
                 fmt::format("ready_at: more than 20 years after line {}; are both times of one kind?", first.line));
}

Expected<void> Assembly::resolve(Trace& trace) const {
  if (std::ranges::all_of(rows_, &std::string::empty, &KeptRow::depends_on)) return {};
  std::unordered_map<std::string_view, std::optional<std::uint32_t>> by_name;  // no value: several steps have this name
  for (std::uint32_t i = 0; i < trace.steps.size(); ++i) {
    const auto [entry, is_new] = by_name.emplace(trace.steps[i].name, i);
    if (!is_new) entry->second.reset();
  }
  for (std::uint32_t i = 0; i < trace.steps.size(); ++i) {
    for (const std::string& name : words_of(rows_[i].depends_on)) {
      const auto found = by_name.find(name);
      if (found == by_name.end())
        return at_line(rows_[i].line, fmt::format("depends_on: no step is called {:?}", name));
      if (!found->second)
        return at_line(rows_[i].line, fmt::format("depends_on: more than one step is called {:?}", name));
      trace.steps[i].depends_on.push_back(*found->second);
    }
  }
  return check_that_all_can_begin(trace);
}

Expected<void> Assembly::check_that_all_can_begin(const Trace& trace) const {
  const auto ready = ready_without_waiting(trace);
  const auto stuck = std::ranges::find(ready, std::optional<Millis>());
  if (stuck == ready.end()) return {};
  return at_line(rows_[static_cast<std::size_t>(stuck - ready.begin())].line,
                 "depends_on: the steps depend on each other in a circle");
}

}  // namespace hydra_provisioner::trace
