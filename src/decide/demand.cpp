#include "decide/demand.hpp"

#include <algorithm>
#include <limits>

namespace hydra_provisioner::decide {
namespace {

using Pools = std::map<PoolName, PoolConfig>;

Pools::const_iterator pool_for_builtins(const Config& config) {
  const Pools& pools = config.pools;
  const auto is_plain = [](const auto& entry) { return entry.second.type.features.empty(); };
  const auto best = std::ranges::find_if(pools, [&](const auto& entry) {
    return is_plain(entry) && entry.second.type.systems.contains(config.builtin_system);
  });
  return best != pools.end() ? best : std::ranges::find_if(pools, is_plain);
}

Pools::const_iterator find_pool(const StepType& step, const Config& config) {
  if (step.system == "builtin" && step.features.empty()) return pool_for_builtins(config);
  return std::ranges::find_if(config.pools, [&](const auto& entry) { return serves(entry.second.type, step); });
}

std::int64_t saturating_sum(std::int64_t a, std::int64_t b) {
  return a > std::numeric_limits<std::int64_t>::max() - b ? std::numeric_limits<std::int64_t>::max() : a + b;
}

}  // namespace

std::optional<PoolName> pool_of(const StepType& step, const Config& config) {
  const auto found = find_pool(step, config);
  if (found == config.pools.end()) return std::nullopt;
  return found->first;
}

Demand place_steps(const QueueStatus& status, const Config& config) {
  Demand demand;
  for (const auto& [name, pool] : config.pools) demand.pools[name] = {};
  std::map<std::string, std::int64_t> unplaceable;
  for (const StepTypeCount& steps : status.step_types) {
    const auto pool = find_pool(steps.type, config);
    if (pool == config.pools.end()) {
      if (steps.runnable > 0) unplaceable[steps.key] = saturating_sum(unplaceable[steps.key], steps.runnable);
      continue;
    }
    Load& load = demand.pools[pool->first];
    load.runnable = saturating_sum(load.runnable, steps.runnable);
    load.running = saturating_sum(load.running, steps.running);
  }
  for (const auto& [key, runnable] : unplaceable) demand.unplaceable.push_back({key, runnable});
  return demand;
}

bool is_served_elsewhere(const StepType& step, const Snapshot& seen, const Config& config) {
  StepType needed = step;
  if (needed.system == "builtin") needed.system = config.builtin_system;
  return std::ranges::any_of(seen.elsewhere, [&](const MachineKind& machine) { return serves(machine, needed); });
}

}  // namespace hydra_provisioner::decide
