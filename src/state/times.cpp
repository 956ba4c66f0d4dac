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
  not_after(machine.kept_alive_at, now);
  not_after(machine.ready_at, now);
  not_after(machine.wanted_since, now);
  not_after(machine.failures.latest, now);
  not_after(machine.listing.began_at, now);
  not_after(machine.listing.ended_at, now + clock_difference_max);
}

}  // namespace

std::vector<MachineId> mend_times(Memory& memory, Instant now) {
  const bool was_set_back = now < memory.last_pass;
  if (memory.last_delivery && memory.last_delivery->trouble) {
    Instant& since = memory.last_delivery->trouble->since;
    since = std::min(since, now);
  }
  for (auto& [pool, since] : memory.waiting) since = std::min(since, now);
  for (auto& [pool, samples] : memory.step_samples) {
    std::erase_if(samples, [&](const StepSample& sample) { return sample.time > now; });
    for (StepSample& sample : samples) not_after(sample.waiting_since, now);
  }
  std::vector<MachineId> mended;
  for (Machine& machine : memory.machines) {
    const Machine before = machine;
    mend(machine, now);
    Listing& listing = machine.listing;
    if (listing.first_began_at && (was_set_back || *listing.first_began_at > now)) listing.first_began_at = Instant{};
    if (listing.began_at && was_set_back) listing.began_at = now;
    if (listing.ended_at && was_set_back) listing.ended_at = std::max(*listing.ended_at, now);
    if (machine != before) mended.push_back(machine.id);
  }
  return mended;
}

}  // namespace hydra_provisioner::state
