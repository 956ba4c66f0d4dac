#include "forecast/pool_trace.hpp"

#include <algorithm>
#include <cstddef>
#include <optional>
#include <utility>
#include <vector>

#include "decide/demand.hpp"
#include "model/system_type.hpp"

namespace hydra_provisioner::forecast {

trace::Trace part_of(const trace::Trace& trace, const Config& config, const PoolName& pool) {
  std::vector<bool> is_its_own;
  for (const std::string& key : trace.step_types)
    is_its_own.push_back(decide::pool_of(parse_step_type(key), config.pools) == pool);
  const auto ready = trace::ready_without_waiting(trace);
  std::vector<std::uint32_t> order;
  for (std::uint32_t i = 0; i < trace.steps.size(); ++i) {
    if (is_its_own[trace.steps[i].type]) order.push_back(i);
  }
  const auto is_elsewhere = [&](std::uint32_t step) { return !is_its_own[trace.steps[step].type]; };
  const auto ready_at = [&](std::uint32_t i) {
    const trace::TraceStep& step = trace.steps[i];
    return std::ranges::any_of(step.depends_on, is_elsewhere) ? *ready[i] : step.ready_at;
  };
  std::ranges::sort(order, {}, [&](std::uint32_t i) { return std::pair(ready_at(i), i); });
  std::vector<std::uint32_t> place(trace.steps.size());
  for (std::uint32_t i = 0; i < order.size(); ++i) place[order[i]] = i;
  trace::Trace part{.step_types = trace.step_types, .steps = {}};
  for (const std::uint32_t i : order) {
    trace::TraceStep step = trace.steps[i];
    step.ready_at = ready_at(i);
    std::erase_if(step.depends_on, is_elsewhere);
    for (std::uint32_t& earlier : step.depends_on) earlier = place[earlier];
    part.steps.push_back(std::move(step));
  }
  return part;
}

}  // namespace hydra_provisioner::forecast
