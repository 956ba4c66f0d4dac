// How many machines a pool should have.
#pragma once

#include <algorithm>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "decide/demand.hpp"
#include "model/config.hpp"
#include "model/time.hpp"

namespace hydra_provisioner::decide {

struct PoolTarget {
  std::int64_t wanted = 0;    // by the queue alone
  std::int64_t machines = 0;  // within the limits
  std::string explanation;    // how it was computed, with its numbers
};

// By the queue alone, and how that was computed, with its numbers.
struct Wanted {
  std::int64_t machines = 0;
  std::string explanation;
};

// The classic rule: ceil(max(runnable − ignoredRunnables, 0) / runnablesPerMachine).
Wanted wanted_by_runnables(const PoolConfig& pool, const Load& load);

// Cut to minMachines and maxMachines.
PoolTarget within_limits(const PoolConfig& pool, const Wanted& wanted);

PoolTarget target_without_trusted_status(const PoolConfig& pool);  // minMachines
PoolTarget target_of_retired(const PoolConfig& pool);              // none

struct Outlook {
  std::int64_t busy_machines = 0;
  std::int64_t jobs = 0;  // on them
  Seconds boot_time{};
  std::optional<double> step_seconds{};  // how long a step takes on average; none: not known yet
  // Once steps have waited for longer than the target wait: how many have ended within `within`. That bounds
  // how many will soon begin, even if the average suggests more.
  std::optional<std::int64_t> ended_lately{};
  // Where machines differ: how many steps each builds at a time that is there or comes, the busy ones first, then those
  // that build most.
  std::vector<std::int64_t> max_jobs{};

  Seconds within(const PoolConfig& pool) const { return std::max(boot_time, pool.target_wait); }
};

// By the work that waits (`scaling = "work"`, docs/scaling.md): the busy machines, and machines for the waiting steps
// that these will not begin before new ones could have booted or the target wait is over: one for each maxJobs steps,
// or fewer if fewer finish the work within the target wait.
Wanted wanted_by_work(const PoolConfig& pool, const Load& load, const Outlook& outlook);

// At least as many as have a slot for each step that runs or waits, and so many free ones besides.
Wanted with_spare_slots(Wanted wanted, const PoolConfig& pool, const Load& load, const Outlook& outlook,
                        std::int64_t spare);

// How many machines build so many steps at a time: first those of which that is known, then new ones.
std::int64_t machines_for_slots(std::int64_t slots, std::span<const std::int64_t> known, const PoolConfig& pool);

// The most waiting steps for which the rules want no more than maxMachines.
std::int64_t steps_for_maximum(const PoolConfig& pool);                          // the classic rule
std::int64_t steps_for_maximum(const PoolConfig& pool, const Outlook& outlook);  // by work

std::int64_t saturating_product(std::int64_t a, std::int64_t b);  // of numbers that are not negative

constexpr std::int64_t ceil_div(std::int64_t a, std::int64_t b) { return a / b + (a % b > 0 ? 1 : 0); }

// With spareMachines beside the busy ones, as far as the maximum allows.
PoolTarget with_spare_machines(PoolTarget target, const PoolConfig& pool, std::int64_t busy_machines);

}  // namespace hydra_provisioner::decide
