#include "decide/idleness.hpp"

#include <algorithm>

#include <fmt/format.h>

namespace hydra_provisioner::decide {
namespace {

// Right after its start the queue runner knows no earlier jobs, so a machine that it has not used yet does not count as
// idle.
constexpr Seconds after_queue_runner_start{1800};

// In the queue runner's clock.
Instant idle_since(const QueueMachine* entry, const QueueStatus& status) {
  if (entry != nullptr && entry->idle_since && *entry->idle_since != Instant{}) return *entry->idle_since;
  return status.started.value_or(status.time) + after_queue_runner_start;
}

}  // namespace

Idleness idleness(const Machine& machine, const QueueStatus& status) {
  const QueueMachine* entry = entry_of(status, queue_name(machine));
  // This may be the document's age or a difference of the clocks. In both cases the shifted times never make a machine
  // look idle for longer than it was.
  const Seconds to_our_clock = status.arrived - status.time;
  Instant from = idle_since(entry, status) + to_our_clock;
  if (machine.ready_at) from = std::max(from, *machine.ready_at);
  if (machine.listing.began_at) from = std::max(from, *machine.listing.began_at);
  return {.jobs = entry != nullptr ? entry->current_jobs.value_or(0) : 0, .idle_from = from};
}

std::optional<Instant> last_failure(const Machine& machine, const Queue& queue) {
  const QueueMachine* entry = queue ? entry_of(*queue, queue_name(machine)) : nullptr;
  if (entry == nullptr || !entry->last_failure || *entry->last_failure == Instant{}) return std::nullopt;
  return *entry->last_failure + (queue->arrived - queue->time);
}

std::string busy_with(std::int64_t jobs) { return fmt::format("busy: {} {}", jobs, jobs == 1 ? "job" : "jobs"); }

}  // namespace hydra_provisioner::decide
