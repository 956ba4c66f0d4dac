// What to expect of a pool's machines and steps, from what was measured.
#pragma once

#include <optional>
#include <vector>

#include "decide/pool_view.hpp"
#include "decide/target.hpp"
#include "model/machine.hpp"
#include "model/time.hpp"

namespace hydra_provisioner::decide {

Outlook outlook(const PoolView& pool);  // of a pool whose queue is trusted

// How long the pool's waiting steps are expected to take on average, by Hydra's database, or else how long its steps
// took since the queue runner started; the other way round if they require features. None: neither is known. Then it
// counts what was known last (Snapshot::step_times).
std::optional<Millis> step_time(const PoolConfig& pool, const QueueStatus& status);

// How many steps have ended on machines of the pool's kind since the queue runner started.
std::int64_t steps_ended(const PoolConfig& pool, const QueueStatus& status);

// How many slots are to be free besides (`spareSlots`); 0 while no step arrives.
std::int64_t spare_slots(const PoolView& pool, const Outlook& outlook);

// When the target may change by itself, because of what was seen lately of the pool's steps. None: not soon.
std::optional<Instant> next_recount(const PoolView& pool);

// The median of those that have booted; 180 s when there is none.
Seconds boot_time(const std::vector<const Machine*>& machines);

}  // namespace hydra_provisioner::decide
