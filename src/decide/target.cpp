#include "decide/target.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <string>

#include <fmt/format.h>

#include "model/counted.hpp"

namespace hydra_provisioner::decide {
namespace {

std::string binding_limit(const PoolConfig& pool, std::int64_t wanted) {
  if (wanted > pool.max_machines) return fmt::format(" (max {})", pool.max_machines);
  if (wanted < pool.min_machines) return fmt::format(" (min {})", pool.min_machines);
  return "";
}

// More than any farm has; a sum of a few of them still fits.
constexpr std::int64_t steps_max = 1'000'000'000'000'000;

// How many waiting steps the busy slots will begin within that time: each slot one whenever a step ends.
std::int64_t begun_by_themselves(const Outlook& outlook, Seconds within) {
  if (!outlook.step_seconds) return 0;
  const double rounds = static_cast<double>(within.count()) / std::max(*outlook.step_seconds, 1.0);
  return static_cast<std::int64_t>(
      std::floor(std::min(static_cast<double>(outlook.jobs) * rounds, static_cast<double>(steps_max))));
}

std::int64_t machines_for(std::int64_t steps, const PoolConfig& pool, const Outlook& outlook) {
  const std::int64_t at_once = ceil_div(steps, pool.max_jobs);
  if (!outlook.step_seconds) return at_once;
  const double work = static_cast<double>(steps) * *outlook.step_seconds;
  const double within = static_cast<double>(pool.target_wait.count()) * static_cast<double>(pool.max_jobs);
  return std::min(at_once,
                  static_cast<std::int64_t>(std::ceil(std::min(work / within, static_cast<double>(steps_max)))));
}

// How many steps so many machines finish within the target wait.
std::int64_t steps_in_time(std::int64_t machines, const PoolConfig& pool, const Outlook& outlook) {
  if (!outlook.step_seconds) return 0;
  if (*outlook.step_seconds <= 0) return steps_max;
  const double within = static_cast<double>(pool.target_wait.count()) * static_cast<double>(pool.max_jobs);
  return static_cast<std::int64_t>(std::floor(
      std::min(static_cast<double>(machines) * within / *outlook.step_seconds, static_cast<double>(steps_max))));
}

std::string sum_of(const PoolConfig& pool, const Load& load, const Outlook& outlook, std::int64_t soon_begun,
                   std::int64_t steps, std::int64_t more) {
  const std::string duration =
      outlook.step_seconds ? fmt::format(" of {:.0f} s", *outlook.step_seconds) : " of unknown duration";
  return fmt::format("{} runnable, {} ignored, {} soon begun; {} busy + {} for {}{} within {} s", load.runnable,
                     pool.ignored_runnables, soon_begun, outlook.busy_machines, more, counted(steps, "step"), duration,
                     pool.target_wait.count());
}

}  // namespace

PoolTarget classic_target(const PoolConfig& pool, const Load& load) {
  const std::int64_t counted = std::max<std::int64_t>(load.runnable - pool.ignored_runnables, 0);
  const std::int64_t wanted = counted / pool.runnables_per_machine + (counted % pool.runnables_per_machine > 0 ? 1 : 0);
  return within_limits(pool, wanted,
                       fmt::format("{} runnable, {} ignored, {} per machine", load.runnable, pool.ignored_runnables,
                                   pool.runnables_per_machine));
}

PoolTarget within_limits(const PoolConfig& pool, std::int64_t wanted, const std::string& explanation) {
  const std::int64_t allowed = std::min(std::max(wanted, pool.min_machines), pool.max_machines);
  return {.wanted = wanted,
          .machines = allowed,
          .explanation =
              fmt::format("{} → {} wanted, {} allowed{}", explanation, wanted, allowed, binding_limit(pool, wanted))};
}

PoolTarget target_without_trusted_status(const PoolConfig& pool) {
  const std::int64_t allowed = std::min(pool.min_machines, pool.max_machines);
  return {.wanted = 0,
          .machines = allowed,
          .explanation = fmt::format("status not trusted → all listed machines kept, {} created at most (min {})",
                                     allowed, pool.min_machines)};
}

PoolTarget target_of_retired(const PoolConfig& pool) {
  return {.wanted = 0,
          .machines = 0,
          .explanation =
              fmt::format("not configured any more (provider {}) → 0 wanted, 0 allowed", to_string(pool.kind()))};
}

PoolTarget work_target(const PoolConfig& pool, const Load& load, const Outlook& outlook) {
  const std::int64_t counted = std::clamp<std::int64_t>(load.runnable - pool.ignored_runnables, 0, steps_max);
  const Seconds within = std::max(outlook.boot_time, pool.target_wait);
  const std::int64_t steps = std::max<std::int64_t>(counted - begun_by_themselves(outlook, within), 0);
  const std::int64_t more = machines_for(steps, pool, outlook);
  return within_limits(pool, outlook.busy_machines + more, sum_of(pool, load, outlook, counted - steps, steps, more));
}

std::int64_t steps_for_maximum(const PoolConfig& pool) {
  return saturating_sum(saturating_product(pool.max_machines, pool.runnables_per_machine), pool.ignored_runnables);
}

std::int64_t steps_for_maximum(const PoolConfig& pool, const Outlook& outlook) {
  const std::int64_t begun = begun_by_themselves(outlook, std::max(outlook.boot_time, pool.target_wait));
  const std::int64_t unused = std::max<std::int64_t>(pool.max_machines - outlook.busy_machines, 0);
  const std::int64_t steps = std::max(saturating_product(unused, pool.max_jobs), steps_in_time(unused, pool, outlook));
  return saturating_sum(saturating_sum(begun, steps), pool.ignored_runnables);
}

std::int64_t saturating_product(std::int64_t a, std::int64_t b) {
  std::int64_t result = 0;
  return __builtin_mul_overflow(a, b, &result) ? std::numeric_limits<std::int64_t>::max() : result;
}

}  // namespace hydra_provisioner::decide
