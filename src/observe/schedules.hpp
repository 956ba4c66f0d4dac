// Which of a pool's schedules holds.
#pragma once

#include <vector>

#include "model/config.hpp"
#include "model/snapshot.hpp"

namespace hydra_provisioner {

// Of those that match, the last.
ScheduledLimits scheduled_limits(const std::vector<Schedule>& schedules, Instant now);

}  // namespace hydra_provisioner
