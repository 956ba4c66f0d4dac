#include "decide/outlook.hpp"

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <ranges>
#include <utility>

#include "decide/idleness.hpp"

namespace hydra_provisioner::decide {
namespace {

constexpr std::int64_t steps_to_judge_by = 5;  // fewer say little
constexpr Seconds arrivals_count_for{600};

// Old queue runners do not say which features a machine supports.
bool is_of_kind(const StepHistory& past, const MachineKind& kind) {
  return past.mandatory_features == kind.mandatory_features &&
         past.supported_features.value_or(kind.supported_features) == kind.supported_features &&
         std::ranges::any_of(past.systems, [&](const std::string& system) { return kind.systems.contains(system); });
}

std::optional<double> step_seconds(const PoolView& pool) {
  const auto seconds = [](Millis time) { return static_cast<double>(time.count()) / 1000; };
  if (const auto now = step_time(pool.settings, *pool.seen.queue)) return seconds(*now);
  const auto before = pool.seen.step_times.find(pool.settings.name);
  if (before == pool.seen.step_times.end()) return std::nullopt;
  return seconds(before->second);
}

std::int64_t waiting_of(const std::string& system, const QueueStatus& status) {
  std::int64_t waiting = 0;
  for (const StepTypeCount& steps : status.step_types) {
    if (steps.type.system == system) waiting = saturating_sum(waiting, steps.runnable);
  }
  return waiting;
}

// Each of the pool's systems counts by its waiting steps, and at least like one of them.
std::optional<Millis> expected_time(const PoolConfig& pool, const QueueStatus& status) {
  double steps = 0;
  double time = 0;
  for (const std::string& system : pool.type.systems) {
    const auto expected = status.expected_times.find(system);
    if (expected == status.expected_times.end()) continue;
    const auto waiting = static_cast<double>(std::max<std::int64_t>(waiting_of(system, status), 1));
    steps += waiting;
    time += waiting * static_cast<double>(expected->second.count());
  }
  if (steps == 0) return std::nullopt;
  return Millis{std::llround(time / steps)};
}

std::optional<Millis> measured_time(const PoolConfig& pool, const QueueStatus& status) {
  const std::int64_t steps = steps_ended(pool, status);
  if (steps < steps_to_judge_by) return std::nullopt;
  Millis time{0};
  for (const StepHistory& past : status.history) {
    if (is_of_kind(past, pool.type)) time += past.time;
  }
  return time / steps;
}

RecentSteps recent_steps(const PoolView& pool) {
  const auto recent = pool.seen.recent_steps.find(pool.settings.name);
  return recent == pool.seen.recent_steps.end() ? RecentSteps{} : recent->second;
}

// Since when more steps wait than are ignored.
std::optional<Instant> waiting_since(const PoolView& pool, const RecentSteps& recent) {
  if (pool.load.runnable <= pool.settings.ignored_runnables) return std::nullopt;
  return recent.waiting_since.value_or(pool.seen.now);
}

bool arrives(const PoolView& pool, const RecentSteps& recent) {
  return recent.arrived_at && pool.seen.now - *recent.arrived_at < arrivals_count_for;
}

// Those that stay out of the count leave, or have left.
bool may_build(const PoolView& pool, const Machine& machine) {
  return (machine.state == MachineState::ready || is_coming(machine)) && !machine.found.vanished &&
         !must_leave(pool, machine);
}

std::vector<std::int64_t> max_jobs_of_each(const PoolView& pool) {
  if (!pool.settings.jobs_by_machine) return {};
  std::vector<std::pair<bool, std::int64_t>> all;
  for (const Machine* machine : pool.machines) {
    if (!may_build(pool, *machine)) continue;
    const bool is_busy = machine->state == MachineState::ready && idleness(*machine, *pool.seen.queue).is_busy();
    all.emplace_back(is_busy, max_jobs_of(*machine, pool.settings));
  }
  std::ranges::sort(all, std::greater{});
  const auto counts = all | std::views::values;
  return {counts.begin(), counts.end()};
}

}  // namespace

// The database knows what waits, but not what features that requires.
std::optional<Millis> step_time(const PoolConfig& pool, const QueueStatus& status) {
  const auto expected = expected_time(pool, status);
  if (expected && pool.type.mandatory_features.empty()) return expected;
  const auto measured = measured_time(pool, status);
  return measured ? measured : expected;
}

std::int64_t steps_ended(const PoolConfig& pool, const QueueStatus& status) {
  std::int64_t steps = 0;
  for (const StepHistory& past : status.history) steps += is_of_kind(past, pool.type) ? past.steps : 0;
  return steps;
}

std::int64_t spare_slots(const PoolView& pool, const Outlook& outlook) {
  const RecentSteps recent = recent_steps(pool);
  if (!arrives(pool, recent)) return 0;
  if (!pool.settings.spares_by_arrivals) return pool.settings.spare_slots;
  // How many arrive while a machine boots varies by the root of their mean number.
  constexpr double share = 0.25;
  const double arrivals = static_cast<double>(recent.arrived) / 3600 * static_cast<double>(outlook.boot_time.count());
  return static_cast<std::int64_t>(std::ceil(share * std::sqrt(arrivals)));
}

std::optional<Instant> next_recount(const PoolView& pool) {
  const RecentSteps recent = recent_steps(pool);
  std::optional<Instant> next;
  if (const auto since = waiting_since(pool, recent); since && pool.settings.scaling == Scaling::work) {
    const Instant overdue_at = *since + pool.settings.target_wait + Seconds{1};
    next = overdue_at > pool.seen.now ? overdue_at : recent.fewer_ended_at;
  }
  if (!pool.settings.spares_slots() || !arrives(pool, recent)) return next;
  next = earlier_of(next, *recent.arrived_at + arrivals_count_for);
  return pool.settings.spares_by_arrivals ? earlier_of(next, recent.fewer_arrived_at) : next;
}

Outlook outlook(const PoolView& pool) {
  Outlook result{.boot_time = boot_time(pool.machines), .step_seconds = step_seconds(pool)};
  const RecentSteps recent = recent_steps(pool);
  const auto since = waiting_since(pool, recent);
  if (since && pool.seen.now - *since > pool.settings.target_wait) result.ended_lately = recent.ended;
  result.max_jobs = max_jobs_of_each(pool);
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
  result.busy_machines = std::min(ready, machines_for_slots(pool.load.running, result.max_jobs, pool.settings));
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
