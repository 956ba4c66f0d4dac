#include "decide/target.hpp"

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <limits>
#include <span>
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

// How many waiting steps the busy slots will begin before new machines could: each slot one whenever a step ends. Those
// that run now may take much longer than the average; then what has ended lately is the better guess.
std::int64_t begun_on_average(const PoolConfig& pool, const Outlook& outlook) {
  if (!outlook.step_seconds) return 0;
  const double rounds = static_cast<double>(outlook.within(pool).count()) / std::max(*outlook.step_seconds, 1.0);
  return static_cast<std::int64_t>(
      std::floor(std::min(static_cast<double>(outlook.jobs) * rounds, static_cast<double>(steps_max))));
}

// Steps that have waited for long count on no more than begin while a machine boots.
std::int64_t begun_by_themselves(const PoolConfig& pool, const Outlook& outlook) {
  const std::int64_t begun = begun_on_average(pool, outlook);
  if (!outlook.ended_lately) return begun;
  const auto share = static_cast<double>(outlook.boot_time.count()) / static_cast<double>(outlook.within(pool).count());
  const double expected = static_cast<double>(*outlook.ended_lately) * share;
  const double by_chance = 3 * std::sqrt(expected);  // three standard deviations of a number of independent events
  return std::min(begun, static_cast<std::int64_t>(std::floor(expected + by_chance)));
}

// How long a waiting step is expected to take. Where not even half as many have ended lately as the average says, those
// that run take longer than the average, and it must be feared that so do those that wait. None: not known.
std::optional<double> expected_seconds(const PoolConfig& pool, const Outlook& outlook) {
  if (!outlook.ended_lately || 2 * *outlook.ended_lately >= begun_on_average(pool, outlook))
    return outlook.step_seconds;
  if (*outlook.ended_lately == 0) return std::nullopt;
  return static_cast<double>(outlook.jobs) * static_cast<double>(outlook.within(pool).count()) /
         static_cast<double>(*outlook.ended_lately);
}

// The machines besides the busy ones.
std::span<const std::int64_t> max_jobs_of_others(const Outlook& outlook) {
  const auto all = std::span(outlook.max_jobs);
  return all.subspan(std::min(static_cast<std::size_t>(outlook.busy_machines), all.size()));
}

// For each waiting step a slot, or fewer if fewer finish the work within the target wait.
std::int64_t machines_for(std::int64_t steps, const PoolConfig& pool, const Outlook& outlook) {
  std::int64_t slots = steps;
  if (const std::optional<double> seconds = expected_seconds(pool, outlook)) {
    const double work = static_cast<double>(steps) * *seconds / static_cast<double>(pool.target_wait.count());
    slots = std::min(slots, static_cast<std::int64_t>(std::ceil(std::min(work, static_cast<double>(steps_max)))));
  }
  return machines_for_slots(slots, max_jobs_of_others(outlook), pool);
}

// How many steps so many machines finish within the target wait.
std::int64_t steps_in_time(std::int64_t machines, const PoolConfig& pool, const Outlook& outlook) {
  const std::optional<double> seconds = expected_seconds(pool, outlook);
  if (!seconds) return 0;
  if (*seconds <= 0) return steps_max;
  const double within = static_cast<double>(pool.target_wait.count()) * static_cast<double>(pool.max_jobs);
  return static_cast<std::int64_t>(
      std::floor(std::min(static_cast<double>(machines) * within / *seconds, static_cast<double>(steps_max))));
}

std::string sum_of(const PoolConfig& pool, const Load& load, const Outlook& outlook, std::int64_t soon_begun,
                   std::int64_t steps, std::int64_t more) {
  const std::optional<double> seconds = expected_seconds(pool, outlook);
  const std::string duration = seconds ? fmt::format(" of {:.0f} s", *seconds) : " of unknown duration";
  const std::string lately =
      outlook.ended_lately ? fmt::format(" ({} ended in {} s)", *outlook.ended_lately, outlook.within(pool).count())
                           : "";
  return fmt::format("{} runnable, {} ignored, {} soon begun{}; {} busy + {} for {}{} within {} s", load.runnable,
                     pool.ignored_runnables, soon_begun, lately, outlook.busy_machines, more, counted(steps, "step"),
                     duration, pool.target_wait.count());
}

std::int64_t not_ignored(const PoolConfig& pool, const Load& load) {
  return std::clamp<std::int64_t>(load.runnable - pool.ignored_runnables, 0, steps_max);
}

}  // namespace

Wanted wanted_by_runnables(const PoolConfig& pool, const Load& load) {
  const std::int64_t counted = std::max<std::int64_t>(load.runnable - pool.ignored_runnables, 0);
  return {.machines = ceil_div(counted, pool.runnables_per_machine),
          .explanation = fmt::format("{} runnable, {} ignored, {} per machine", load.runnable, pool.ignored_runnables,
                                     pool.runnables_per_machine)};
}

PoolTarget within_limits(const PoolConfig& pool, const Wanted& wanted) {
  const std::int64_t allowed = std::min(std::max(wanted.machines, pool.min_machines), pool.max_machines);
  return {.wanted = wanted.machines,
          .machines = allowed,
          .explanation = fmt::format("{} → {} wanted, {} allowed{}", wanted.explanation, wanted.machines, allowed,
                                     binding_limit(pool, wanted.machines))};
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

Wanted wanted_by_work(const PoolConfig& pool, const Load& load, const Outlook& outlook) {
  const std::int64_t counted = not_ignored(pool, load);
  const std::int64_t steps = std::max<std::int64_t>(counted - begun_by_themselves(pool, outlook), 0);
  const std::int64_t more = machines_for(steps, pool, outlook);
  return {.machines = outlook.busy_machines + more,
          .explanation = sum_of(pool, load, outlook, counted - steps, steps, more)};
}

std::int64_t machines_for_slots(std::int64_t slots, std::span<const std::int64_t> known, const PoolConfig& pool) {
  std::int64_t machines = 0;
  for (const std::int64_t max_jobs : known) {
    if (slots <= 0) return machines;
    slots -= max_jobs;
    ++machines;
  }
  return machines + ceil_div(std::max<std::int64_t>(slots, 0), pool.max_jobs);
}

Wanted with_spare_slots(Wanted wanted, const PoolConfig& pool, const Load& load, const Outlook& outlook,
                        std::int64_t spare) {
  const std::int64_t waiting = not_ignored(pool, load);
  if (spare == 0 || outlook.jobs + waiting == 0) return wanted;
  const std::int64_t machines = machines_for_slots(outlook.jobs + waiting + spare, outlook.max_jobs, pool);
  if (machines <= wanted.machines) return wanted;
  wanted.explanation += fmt::format("; {} running + {} waiting + {}, {} per machine", outlook.jobs, waiting,
                                    counted(spare, "spare slot"), pool.max_jobs);
  wanted.machines = machines;
  return wanted;
}

std::int64_t steps_for_maximum(const PoolConfig& pool) {
  return saturating_sum(saturating_product(pool.max_machines, pool.runnables_per_machine), pool.ignored_runnables);
}

std::int64_t steps_for_maximum(const PoolConfig& pool, const Outlook& outlook) {
  const std::int64_t begun = begun_by_themselves(pool, outlook);
  const std::int64_t unused = std::max<std::int64_t>(pool.max_machines - outlook.busy_machines, 0);
  const std::int64_t steps = std::max(saturating_product(unused, pool.max_jobs), steps_in_time(unused, pool, outlook));
  return saturating_sum(saturating_sum(begun, steps), pool.ignored_runnables);
}

std::int64_t saturating_product(std::int64_t a, std::int64_t b) {
  std::int64_t result = 0;
  return __builtin_mul_overflow(a, b, &result) ? std::numeric_limits<std::int64_t>::max() : result;
}

PoolTarget with_spare_machines(PoolTarget target, const PoolConfig& pool, std::int64_t busy_machines) {
  const std::int64_t wanted = saturating_sum(busy_machines, pool.spare_machines);
  if (pool.spare_machines == 0 || wanted <= target.wanted) return target;
  target.wanted = wanted;
  target.machines = std::max(target.machines, std::min(wanted, pool.max_machines));
  target.explanation += fmt::format("; {} busy + {} spare → {} wanted, {} allowed{}", busy_machines,
                                    pool.spare_machines, wanted, target.machines, binding_limit(pool, wanted));
  return target;
}

}  // namespace hydra_provisioner::decide
