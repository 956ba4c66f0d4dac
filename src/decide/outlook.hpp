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

// How long the pool's steps took on average since the queue runner started; none: too few have ended. Then it counts
// how long they took before (Snapshot::step_times).
std::optional<Millis> step_time(const PoolConfig& pool, const QueueStatus& status);

// The median of those that have booted; 180 s when there is none.
Seconds boot_time(const std::vector<const Machine*>& machines);

}  // namespace hydra_provisioner::decide
