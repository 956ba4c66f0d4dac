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

// The median of those that have booted; 180 s when there is none.
Seconds boot_time(const std::vector<const Machine*>& machines);

}  // namespace hydra_provisioner::decide
