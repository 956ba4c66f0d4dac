#include "observe/reports.hpp"

#include <algorithm>
#include <optional>

#include <fmt/format.h>

namespace hydra_provisioner::observe {
namespace {

// Since when something is true: `before`, or now if it was not. A time of a clock that was set back is none.
void keep_since(std::optional<Instant>& since, bool is_true, Instant now) {
  if (!is_true) {
    since.reset();
  } else if (!since || *since > now) {
    since = now;
  }
}

void note_absence(Machine& machine, Instant now, Seconds silence) {
  keep_since(machine.listing.seen_out_at, true, now);
  if (now - *machine.listing.seen_out_at >= silence)
    machine.found.seen_out = fmt::format("the queue runner has not known it for {} s", silence.count());
}

void note_report(Machine& machine, const QueueMachine& entry, Instant reported_at) {
  const bool is_idle = entry.current_jobs == 0;
  keep_since(machine.seen_idle_at, is_idle, reported_at);
  keep_since(machine.listing.seen_out_at, is_idle && entry.enabled == false, reported_at);
  if (machine.listing.seen_out_at && reported_at > *machine.listing.seen_out_at)
    machine.found.seen_out = "two reports in a row show it without steps and closed to new ones";
}

// What a machine that connects by itself reports.
void note_own_report(Machine& machine, const QueueStatus& status, Seconds silence) {
  if (const QueueMachine* entry = entry_of(status, machine)) {
    note_report(machine, *entry, entry->reported_at.value_or(status.time));
  } else {
    note_absence(machine, status.time, silence);
  }
}

// Only for programs that do not say since when a machine is idle. Hydra says it of all that are.
void note_idleness(Machine& machine, const QueueStatus& status) {
  const QueueMachine* entry = entry_of(status, machine);
  const bool is_idle = entry != nullptr && entry->current_jobs == 0 && !entry->idle_since;
  keep_since(machine.seen_idle_at, status.from_program && is_idle, status.time);
}

}  // namespace

void note_reports(Fleet& fleet, const QueueStatus& status, Seconds silence) {
  for (Machine& machine : fleet.machines) {
    if (machine.state == MachineState::gone) continue;
    const Machine before = machine;
    if (status.machines_join) {
      note_own_report(machine, status, silence);
    } else {
      note_idleness(machine, status);
    }
    if (machine != before && std::ranges::find(fleet.changed, machine.id) == fleet.changed.end())
      fleet.changed.push_back(machine.id);
  }
}

}  // namespace hydra_provisioner::observe
