// The limits that a pool's schedules set at a moment.
#pragma once

#include <map>
#include <vector>

#include "model/config.hpp"
#include "model/snapshot.hpp"

namespace hydra_provisioner::observe {

// Those of the last schedule that matches.
ScheduledLimits scheduled_limits(const std::vector<Schedule>& schedules, Instant now);

// The limits of every pool that has schedules.
std::map<PoolName, ScheduledLimits> scheduled_limits(const Config& config, Instant now);

}  // namespace hydra_provisioner::observe
