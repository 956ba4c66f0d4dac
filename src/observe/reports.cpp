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

// By what is noted of the machine up to this document.
std::string doubt_about_shown(const Machine& machine, const QueueMachine* entry, const QueueStatus& status) {
  if (status.hidden_may_be_busy) return "a machine that is hidden behind another of its name may have steps";
  if (!status.hides_machines) return "";
  if (entry == nullptr)
    return machine.listing.missing_since ? "" : "it may be hidden behind another machine, under another name";
  const bool is_shown = machine.listing.was_seen_open && !machine.found.has_double;
  return is_shown ? "" : "the queue runner may show another machine of its name";
}

// After its start the queue runner knows no machine until it has connected again. If machines hide each other, this one
// may be there under another's name; so it counts as missing only while no hidden one may have steps.
void note_absence(Machine& machine, const QueueStatus& status, Seconds silence) {
  machine.listing.seen_out_at.reset();
  machine.joined_at.reset();
  keep_since(machine.listing.missing_since, !status.hidden_may_be_busy, status.time);
  machine.found.doubt = doubt_about_shown(machine, nullptr, status);
  if (!machine.listing.missing_since) return;
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
void note_gate(Machine& machine, const QueueMachine& entry, Instant reported_at) {
  Listing& listing = machine.listing;
  if (entry.enabled == true) listing.closed_since.reset();
  if (entry.enabled == false && listing.is_listed) keep_since(listing.closed_since, true, reported_at);
  if (entry.enabled == true && listing.is_listed && !machine.found.has_double) listing.was_seen_open = true;
}

// Whether the queue runner may still have the connection that it showed before, hidden behind a newer one. It has none
// from before its start.
bool may_keep_earlier_connection(const Machine& machine, const QueueStatus& status) {
  if (!status.hides_machines || !machine.joined_at) return false;
  return !status.started || *status.started <= *machine.joined_at;
}

// Of two connections of one name the document shows either. A newer one than before is no sign of that: the machine,
// its builder or the queue runner may have restarted. But if an older one is shown again, while some machine is hidden,
// both are there. A newer one has to be seen open anew. A machine that is not to be open any more needs that only if
// its earlier connection may still be there, to which steps may be sent.
void note_connection(Machine& machine, const QueueMachine& entry, const QueueStatus& status) {
  constexpr Seconds tolerated{10};  // the time of a connection is computed from how long it has lasted
  if (machine.joined_at && *machine.joined_at > status.time) machine.joined_at.reset();  // the clock was set back
  if (!entry.joined_at) return;
  const bool is_older = machine.joined_at && *entry.joined_at < *machine.joined_at - tolerated;
  const bool is_newer = !machine.joined_at || *entry.joined_at > *machine.joined_at + tolerated;
  machine.found.has_double = is_older && status.hides_machines;
  if (machine.found.has_double || (!is_older && !is_newer)) return;
  const bool is_doubtful = is_older || machine.listing.is_listed || may_keep_earlier_connection(machine, status);
  if (is_doubtful) machine.listing.was_seen_open = false;
  machine.joined_at = entry.joined_at;
}

void note_report(Machine& machine, const QueueMachine& entry, const QueueStatus& status) {
  const Instant reported_at = entry.reported_at.value_or(status.time);
  Listing& listing = machine.listing;
  listing.missing_since.reset();
  note_connection(machine, entry, status);
  note_gate(machine, entry, reported_at);
  machine.found.doubt = doubt_about_shown(machine, &entry, status);
  const bool is_idle = entry.current_jobs == 0;
  keep_since(machine.seen_idle_at, is_idle, reported_at);
  const bool shows_it_out = is_idle && entry.enabled == false && machine.found.doubt.empty();
  const bool is_out = shows_it_out && is_since_unlisting(listing, reported_at);
  keep_since(listing.seen_out_at, is_out, reported_at);
  if (listing.seen_out_at && reported_at > *listing.seen_out_at)
    machine.found.seen_out = "two reports in a row show it without steps and closed to new ones";
}

void note_own_report(Machine& machine, const QueueStatus& status, Seconds silence) {
  if (const QueueMachine* entry = entry_of(status, machine)) {
    note_report(machine, *entry, status);
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

// What is lost if its cloud takes it back. The queue runner may have noticed already that one is gone.
void note_work(Machine& machine, const QueueStatus& status) {
  const QueueMachine* entry = machine.found.vanished ? nullptr : entry_of(status, machine);
  if (entry == nullptr) return;
  machine.jobs = jobs_on(*entry);
  keep_since(machine.busy_since, machine.jobs > 0, status.arrived);
}

// What the journal keeps of it.
auto kept(const Machine& machine) {
  const Listing& listing = machine.listing;
  return std::tuple(machine.seen_idle_at, machine.jobs, machine.busy_since, machine.joined_at, listing.seen_out_at,
                    listing.missing_since, listing.closed_since, listing.was_seen_open);
}

}  // namespace

std::string doubt_about(Machine machine, const QueueStatus& status) {
  const QueueMachine* entry = entry_of(status, machine);
  machine.found.has_double = false;
  if (entry != nullptr) note_connection(machine, *entry, status);
  return doubt_about_shown(machine, entry, status);
}

void note_reports(Fleet& fleet, const QueueStatus& status, Seconds silence) {
  for (Machine& machine : fleet.machines) {
    if (machine.state == MachineState::gone) continue;
    const auto before = kept(machine);
    if (status.machines_join) {
      note_own_report(machine, status, silence);
    } else {
      note_idleness(machine, status);
    }
    note_work(machine, status);
    if (kept(machine) != before) fleet.changed.push_back(machine.id);
  }
}

}  // namespace hydra_provisioner::observe
