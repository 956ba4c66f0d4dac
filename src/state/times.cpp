#include "state/times.hpp"

#include <algorithm>

namespace hydra_provisioner::state {
namespace {

void not_after(std::optional<Instant>& time, Instant latest) {
  if (time) time = std::min(*time, latest);
}

void mend(Machine& machine, Instant now) {
  machine.since = std::min(machine.since, now);
  machine.requested_at = std::min(machine.requested_at, now);
  not_after(machine.launched_at, now);
  not_after(machine.checked_at, now);
  not_after(machine.ready_at, now);
  not_after(machine.failures.latest, now);
  not_after(machine.listing.began_at, now);
  not_after(machine.listing.ended_at, now + clock_difference_max);
}

}  // namespace

void mend_times(Memory& memory, Instant now) {
  const bool was_set_back = now < memory.last_pass;
  for (Machine& machine : memory.machines) {
    mend(machine, now);
    if (machine.listing.first_began_at && (was_set_back || *machine.listing.first_began_at > now))
      machine.listing.first_began_at = Instant{};
  }
}

}  // namespace hydra_provisioner::state
