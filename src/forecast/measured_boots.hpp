// How long machines took to boot, as the journal has it.
#pragma once

#include <map>
#include <vector>

#include "model/names.hpp"
#include "model/time.hpp"
#include "state/journal.hpp"

namespace hydra_provisioner::forecast {

using BootTimes = std::map<PoolName, std::vector<Millis>>;

// The times from the request for a machine until it was ready: the latest thousand of each pool.
BootTimes boots_in(const std::vector<state::JournalEvent>& events);

// The times from the start of a stopped machine until it was ready, likewise.
BootTimes starts_in(const std::vector<state::JournalEvent>& events);

// While no start was measured, stopped machines are expected to take no longer than this until they are ready.
inline constexpr Seconds usual_start_time{60};
std::vector<Millis> expected_starts(std::vector<Millis> boots);

// At least a second; the usual time of a pool without measured boots.
Seconds mean_boot(const BootTimes& boots, const PoolName& pool);

}  // namespace hydra_provisioner::forecast
