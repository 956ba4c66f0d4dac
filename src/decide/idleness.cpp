#include "decide/idleness.hpp"

#include <algorithm>

#include <fmt/format.h>

namespace hydra_provisioner::decide {
namespace {

// Right after its start the queue runner knows no earlier jobs, so a machine that it has not used yet does not count as
// idle.
constexpr Seconds after_queue_runner_start{1800};

// In the queue runner's clock. Of what was before its clock was set back, only our own times say more.
Instant idle_since(const QueueMachine* entry, const QueueStatus& status) {
  if (entry != nullptr && entry->idle_since && was_before_clock_change(*entry->idle_since, status)) return Instant{};
  if (entry != nullptr && entry->idle_since && *entry->idle_since != Instant{}) return *entry->idle_since;
  return status.started.value_or(status.time) + after_queue_runner_start;
}

}  // namespace

bool was_before_clock_change(Instant time, const QueueStatus& status) {
  return time > status.time + clock_difference_max;
}

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

std::string busy_with(std::int64_t jobs) { return fmt::format("busy: {} {}", jobs, jobs == 1 ? "job" : "jobs"); }

}  // namespace hydra_provisioner::decide
