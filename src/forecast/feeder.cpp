#include "forecast/feeder.hpp"

#include <algorithm>
#include <map>
#include <string>

#include "decide/demand.hpp"
#include "model/system_type.hpp"

namespace hydra_provisioner::forecast {

Feeder::Feeder(const trace::Trace& trace, const Config& config, sim::Timeline& timeline, sim::QueueRunner& queue,
               Meter& meter)
    : trace_(trace),
      timeline_(timeline),
      queue_(queue),
      meter_(meter),
      zero_(trace.steps.empty() ? timeline.now() : trace::begin_of(trace) - trace.steps.front().ready_at),
      first_number_(queue.next_step()) {
  std::vector<std::int64_t> counts(trace.step_types.size());
  for (const trace::TraceStep& step : trace.steps) ++counts[step.type];
  std::map<std::string, std::int64_t> unplaceable;
  for (std::size_t i = 0; i < counts.size(); ++i) {
    pools_.push_back(decide::pool_of(parse_step_type(trace.step_types[i]), config));
    if (!pools_.back()) unplaceable.emplace(trace.step_types[i], counts[i]);
  }
  for (const auto& [key, count] : unplaceable) unplaceable_.push_back({key, count});
  count_needs();
  meter.on_end = [this](std::int64_t step) { end(in_queue_[static_cast<std::size_t>(step - first_number_)]); };
  add_due();
}

void Feeder::count_needs() {
  if (std::ranges::all_of(trace_.steps, [](const trace::TraceStep& step) { return step.depends_on.empty(); })) return;
  dependents_.resize(trace_.steps.size());
  for (Index i = 0; i < trace_.steps.size(); ++i) {
    needs_.push_back(trace_.steps[i].depends_on.size());
    for (const Index earlier : trace_.steps[i].depends_on) dependents_[earlier].push_back(i);
  }
}

// Adds the steps whose time has come. A step that depends on others is added when the last of them has ended.
void Feeder::add_due() {
  while (next_ < trace_.steps.size() && zero_ + trace_.steps[next_].ready_at <= timeline_.now()) {
    const auto step = static_cast<Index>(next_++);
    if (needs_.empty() || needs_[step] == 0) add(step);
  }
  if (next_ < trace_.steps.size()) timeline_.at(zero_ + trace_.steps[next_].ready_at, [this] { add_due(); });
}

void Feeder::add(Index step) {
  ++added_;
  const trace::TraceStep& what = trace_.steps[step];
  if (!pools_[what.type]) return end(step);
  in_queue_.push_back(step);
  meter_.step_is_ready(queue_.next_step(), *pools_[what.type]);
  queue_.add_steps(trace_.step_types[what.type], 1, what.duration);
}

void Feeder::end(Index step) {
  if (dependents_.empty()) return;
  for (const Index later : dependents_[step]) {
    if (--needs_[later] == 0 && later < next_) add(later);
  }
}

}  // namespace hydra_provisioner::forecast
