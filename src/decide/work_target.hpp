// How many machines a pool should have by the work that waits: `scaling = "work"`, see docs/scaling.md.
#pragma once

#include <cstdint>
#include <optional>

#include "decide/demand.hpp"
#include "decide/target.hpp"
#include "model/config.hpp"
#include "model/time.hpp"

namespace hydra_provisioner {

struct Outlook {
  std::int64_t busy_machines = 0;
  std::int64_t jobs = 0;  // on them
  Seconds boot_time{};
  std::optional<double> step_seconds{};  // how long a step takes on average; none: not known yet
};

// The busy machines, and for what waits and will not be begun on these before new ones could have booted or the target
// wait is over: one for each maxJobs steps, or fewer if these clear the work within the target wait.
Target work_target(const PoolConfig& pool, const Load& load, const Outlook& outlook);

constexpr std::int64_t ceil_div(std::int64_t a, std::int64_t b) { return a / b + (a % b > 0 ? 1 : 0); }

}  // namespace hydra_provisioner
