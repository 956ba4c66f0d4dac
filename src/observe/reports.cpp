#include "observe/reports.hpp"

#include <algorithm>
#include <optional>
#include <tuple>

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

// After its start the queue runner knows no machine until it has connected again.
void note_absence(Machine& machine, const QueueStatus& status, Seconds silence) {
  machine.listing.seen_out_at.reset();
  keep_since(machine.listing.missing_since, true, status.time);
  const Instant from = std::max(*machine.listing.missing_since, status.started.value_or(status.time));
  if (status.time - from >= silence)
    machine.found.seen_out = fmt::format("the queue runner has not known it for {} s", silence.count());
}

// What a machine reported before it was closed for good proves nothing.
bool is_since_unlisting(const Listing& listing, Instant reported_at) {
  if (!listing.first_began_at) return true;
  return !listing.is_listed && listing.ended_at && reported_at > *listing.ended_at;
}

// Once it is unlisted, it is meant to be closed: that says nothing.
void note_gate(Listing& listing, const QueueMachine& entry, Instant reported_at) {
  if (entry.enabled == true) listing.closed_since.reset();
  if (entry.enabled == false && listing.is_listed) keep_since(listing.closed_since, true, reported_at);
}

void note_report(Machine& machine, const QueueMachine& entry, Instant reported_at) {
  Listing& listing = machine.listing;
  listing.missing_since.reset();
  note_gate(listing, entry, reported_at);
  const bool is_idle = entry.current_jobs == 0;
  keep_since(machine.seen_idle_at, is_idle, reported_at);
  const bool is_out = is_idle && entry.enabled == false && is_since_unlisting(listing, reported_at);
  keep_since(listing.seen_out_at, is_out, reported_at);
  if (listing.seen_out_at && reported_at > *listing.seen_out_at)
    machine.found.seen_out = "two reports in a row show it without steps and closed to new ones";
}

// What a machine that connects by itself reports. If machines of one name hide each other, the document may show
// another one, or none.
void note_own_report(Machine& machine, const QueueStatus& status, Seconds silence) {
  if (status.hides_machines) {
    machine.listing.seen_out_at.reset();
    machine.listing.missing_since.reset();
  } else if (const QueueMachine* entry = entry_of(status, machine)) {
    note_report(machine, *entry, entry->reported_at.value_or(status.time));
  } else {
    note_absence(machine, status, silence);
  }
}

// Only for programs that do not say since when a machine is idle. Hydra says it of all that are.
void note_idleness(Machine& machine, const QueueStatus& status) {
  const QueueMachine* entry = entry_of(status, machine);
  const bool is_idle = entry != nullptr && entry->current_jobs == 0 && !entry->idle_since;
  keep_since(machine.seen_idle_at, status.from_program && is_idle, status.time);
}

// What the journal keeps of it.
auto kept(const Machine& machine) {
  const Listing& listing = machine.listing;
  return std::tuple(machine.seen_idle_at, listing.seen_out_at, listing.missing_since, listing.closed_since);
}

}  // namespace

void note_reports(Fleet& fleet, const QueueStatus& status, Seconds silence) {
  for (Machine& machine : fleet.machines) {
    if (machine.state == MachineState::gone) continue;
    const auto before = kept(machine);
    if (status.machines_join) {
      note_own_report(machine, status, silence);
    } else {
      note_idleness(machine, status);
    }
    if (kept(machine) != before) fleet.changed.push_back(machine.id);
  }
}

}  // namespace hydra_provisioner::observe
