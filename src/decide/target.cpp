#include "decide/target.hpp"

#include <algorithm>

#include <fmt/format.h>

namespace hydra_provisioner {
namespace {

std::string binding_limit(const PoolConfig& pool, std::int64_t wanted) {
  if (wanted > pool.max_machines) return fmt::format(" (max {})", pool.max_machines);
  if (wanted < pool.min_machines) return fmt::format(" (min {})", pool.min_machines);
  return "";
}

}  // namespace

Target classic_target(const PoolConfig& pool, const Load& load) {
  const std::int64_t counted = std::max<std::int64_t>(load.runnable - pool.ignored_runnables, 0);
  const std::int64_t wanted = counted / pool.runnables_per_machine + (counted % pool.runnables_per_machine > 0 ? 1 : 0);
  return within_limits(pool, wanted,
                       fmt::format("{} runnable, {} ignored, {} per machine", load.runnable, pool.ignored_runnables,
                                   pool.runnables_per_machine));
}

Target within_limits(const PoolConfig& pool, std::int64_t wanted, const std::string& sum) {
  const std::int64_t allowed = std::min(std::max(wanted, pool.min_machines), pool.max_machines);
  return {.wanted = wanted,
          .machines = allowed,
          .sum = fmt::format("{} → {} wanted, {} allowed{}", sum, wanted, allowed, binding_limit(pool, wanted))};
}

Target target_without_trusted_status(const PoolConfig& pool) {
  const std::int64_t allowed = std::min(pool.min_machines, pool.max_machines);
  return {.wanted = 0,
          .machines = allowed,
          .sum = fmt::format("status not trusted → all listed machines kept, {} created at most (min {})", allowed,
                             pool.min_machines)};
}

Target target_of_retired(const PoolConfig& pool) {
  return {.wanted = 0,
          .machines = 0,
          .sum = fmt::format("not configured any more (provider {}) → 0 wanted, 0 allowed", to_string(pool.kind()))};
}

}  // namespace hydra_provisioner
