#include "decide/idleness.hpp"

#include <algorithm>

#include <fmt/format.h>

#include "model/counted.hpp"

namespace hydra_provisioner::decide {
namespace {

// Right after its start the queue runner knows no earlier jobs, so a machine that may have had some does not count as
// idle.
constexpr Seconds after_queue_runner_start{1800};

// None: the queue runner has not seen it end a step.
std::optional<Instant> idle_since(const QueueMachine* entry, const Machine& machine) {
  if (entry == nullptr) return std::nullopt;
  const std::optional<Instant> since = entry->idle_since ? entry->idle_since : machine.seen_idle_at;
  return since == Instant{} ? std::nullopt : since;
}

}  // namespace

bool was_before_clock_change(Instant time, const QueueStatus& status) {
  return time > status.time + clock_difference_max;
}

Idleness idleness(const Machine& machine, const QueueStatus& status) {
  const QueueMachine* entry = entry_of(status, machine);
  // This may be the document's age or a difference of the clocks. In both cases the shifted times never make a machine
  // look idle for longer than it was.
  const Seconds to_our_clock = status.arrived - status.time;
  Idleness result{.jobs = entry != nullptr ? jobs_on(*entry) : 0, .idle_from = {}};
  const Instant started = status.started.value_or(status.time) + to_our_clock;
  const bool is_younger = status.started && machine.ready_at && *machine.ready_at >= started;
  if (const auto since = idle_since(entry, machine)) {
    // Of what was before the queue runner's clock was set back, only our own times say more.
    if (!was_before_clock_change(*since, status)) result.idle_from = *since + to_our_clock;
  } else if (!is_younger) {
    result.idle_from = started + after_queue_runner_start;
    if (status.started && result.idle_from > status.arrived) result.restarted_for = status.arrived - started;
  }
  if (machine.ready_at) result.idle_from = std::max(result.idle_from, *machine.ready_at);
  if (machine.listing.began_at) result.idle_from = std::max(result.idle_from, *machine.listing.began_at);
  return result;
}

std::optional<Instant> last_failure(const Machine& machine, const Queue& queue) {
  const QueueMachine* entry = queue ? entry_of(*queue, machine) : nullptr;
  if (entry == nullptr || !entry->last_failure || *entry->last_failure == Instant{}) return std::nullopt;
  return *entry->last_failure + (queue->arrived - queue->time);
}

std::string busy_with(std::int64_t jobs) { return "busy: " + counted(jobs, "job"); }

}  // namespace hydra_provisioner::decide
