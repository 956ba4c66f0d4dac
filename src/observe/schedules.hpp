// Which of a pool's schedules holds.
#pragma once

#include <map>
#include <vector>

#include "model/config.hpp"
#include "model/snapshot.hpp"

namespace hydra_provisioner::observe {

// Of those that match, the last.
ScheduledLimits scheduled_limits(const std::vector<Schedule>& schedules, Instant now);

// Of every pool that has schedules.
std::map<PoolName, ScheduledLimits> scheduled_limits(const Config& config, Instant now);

}  // namespace hydra_provisioner::observe
