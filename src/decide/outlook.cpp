#include "decide/outlook.hpp"

#include <algorithm>
#include <cstddef>
#include <cstdint>

#include "decide/idleness.hpp"

namespace hydra_provisioner::decide {
namespace {

constexpr std::int64_t steps_to_judge_by = 5;  // fewer say little

bool serves(const SystemType& pool, const StepHistory& kind) {
  return kind.mandatory_features == pool.features &&
         std::ranges::any_of(kind.systems, [&](const std::string& system) { return pool.systems.contains(system); });
}

std::optional<double> step_seconds(const PoolView& pool) {
  std::int64_t steps = 0;
  double seconds = 0;
  for (const StepHistory& kind : pool.seen.queue->history) {
    if (!serves(pool.settings.type, kind)) continue;
    steps += kind.steps;
    seconds += static_cast<double>(kind.time.count());
  }
  if (steps < steps_to_judge_by) return std::nullopt;
  return seconds / static_cast<double>(steps);
}

}  // namespace

Outlook outlook(const PoolView& pool) {
  Outlook result{.boot_time = boot_time(pool.machines), .step_seconds = step_seconds(pool)};
  for (const Machine* machine : pool.machines) {
    if (machine->state != MachineState::ready) continue;
    const Idleness activity = idleness(*machine, *pool.seen.queue);
    result.jobs += activity.jobs;
    result.busy_machines += activity.is_busy() ? 1 : 0;
  }
  if (pool.seen.queue->machines) return result;
  // It is not known which machines are busy; at best, steps fill them.
  const auto ready = std::ranges::count(pool.machines, MachineState::ready, &Machine::state);
  result.jobs = pool.load.running;
  result.busy_machines = std::min(ready, ceil_div(pool.load.running, pool.settings.max_jobs));
  return result;
}

Seconds boot_time(const std::vector<const Machine*>& machines) {
  std::vector<Seconds> times;
  for (const Machine* machine : machines) {
    if (machine->ready_at && *machine->ready_at > machine->requested_at)
      times.push_back(*machine->ready_at - machine->requested_at);
  }
  if (times.empty()) return usual_boot_time;
  const auto middle = times.begin() + std::ssize(times) / 2;
  std::ranges::nth_element(times, middle);
  return *middle;
}

}  // namespace hydra_provisioner::decide
