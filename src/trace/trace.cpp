#include "trace/trace.hpp"

#include <algorithm>
#include <cstddef>

namespace hydra_provisioner::trace {

std::chrono::sys_time<Millis> begin_of(const Trace& trace) {
  if (trace.steps.empty()) return relative_times_begin;
  const Millis first = trace.steps.front().ready_at;
  const bool is_absolute = first >= first_absolute_time;
  return std::chrono::sys_time<Millis>(first) + (is_absolute ? Millis{0} : relative_times_begin.time_since_epoch());
}

std::vector<std::optional<Millis>> ready_without_waiting(const Trace& trace) {
  std::vector<Millis> earliest;
  std::vector<std::size_t> needs;
  std::vector<std::vector<std::uint32_t>> dependents(trace.steps.size());
  std::vector<std::uint32_t> open;
  for (std::uint32_t i = 0; i < trace.steps.size(); ++i) {
    const TraceStep& step = trace.steps[i];
    earliest.push_back(step.ready_at);
    needs.push_back(step.depends_on.size());
    for (const std::uint32_t earlier : step.depends_on) dependents[earlier].push_back(i);
    if (step.depends_on.empty()) open.push_back(i);
  }
  std::vector<std::optional<Millis>> ready(trace.steps.size());
  while (!open.empty()) {
    const std::uint32_t done = open.back();
    open.pop_back();
    ready[done] = earliest[done];
    for (const std::uint32_t later : dependents[done]) {
      earliest[later] = std::max(earliest[later], earliest[done] + trace.steps[done].duration);
      if (--needs[later] == 0) open.push_back(later);
    }
  }
  return ready;
}

}  // namespace hydra_provisioner::trace
