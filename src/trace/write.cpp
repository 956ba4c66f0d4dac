#include "trace/write.hpp"

#include <algorithm>
#include <iterator>
#include <ranges>
#include <vector>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "model/system_type.hpp"
#include "trace/csv.hpp"

namespace hydra_provisioner::trace {
namespace {

// With as few digits as possible.
std::string seconds_text(Millis span) { return fmt::format("{}", static_cast<double>(span.count()) / 1000); }

std::string dependencies_text(const Trace& trace, const TraceStep& step) {
  const auto names =
      step.depends_on | std::views::transform([&](std::uint32_t earlier) { return trace.steps[earlier].name; });
  return fmt::format("{}", fmt::join(names, " "));
}

}  // namespace

std::string trace_text(const Trace& trace) {
  const bool has_dependencies =
      std::ranges::any_of(trace.steps, [](const TraceStep& step) { return !step.depends_on.empty(); });
  std::string text = has_dependencies ? "ready_at,duration_s,system,features,name,depends_on\n"
                                      : "ready_at,duration_s,system,features,name\n";
  std::vector<std::string> types;  // as two columns
  for (const std::string& key : trace.step_types) {
    const StepType type = parse_step_type(key);
    types.push_back(fmt::format("{},{}", type.system, fmt::join(type.features, " ")));
  }
  for (const TraceStep& step : trace.steps) {
    fmt::format_to(std::back_inserter(text), "{},{},{},{}", seconds_text(step.ready_at), seconds_text(step.duration),
                   types[step.type], csv_field(step.name));
    if (has_dependencies) text += "," + csv_field(dependencies_text(trace, step));
    text += '\n';
  }
  return text;
}

}  // namespace hydra_provisioner::trace
