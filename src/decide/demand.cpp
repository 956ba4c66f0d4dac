#include "decide/demand.hpp"

#include <algorithm>
#include <limits>

namespace hydra_provisioner::decide {
namespace {

using Pools = std::map<PoolName, PoolConfig>;

bool is_builtin(const StepType& step) { return step.system == "builtin" && step.features.empty(); }

// Of the spill pools, or of the others.
Pools::const_iterator narrowest(const StepType& step, const Config& config, bool spill) {
  if (is_builtin(step) && config.builtin_system != step.system)
    return narrowest({.system = config.builtin_system, .features = {}}, config, spill);
  auto best = config.pools.end();
  for (auto pool = config.pools.begin(); pool != config.pools.end(); ++pool) {
    const MachineKind& kind = pool->second.type;
    const bool is_narrower =
        best == config.pools.end() || kind.supported_features.size() < best->second.type.supported_features.size();
    if (pool->second.spill == spill && is_narrower && serves(kind, step)) best = pool;
  }
  return best;
}

Pools::const_iterator first_plain(const Config& config, bool spill) {
  return std::ranges::find_if(config.pools, [&](const auto& entry) {
    return entry.second.spill == spill && entry.second.type.mandatory_features.empty();
  });
}

Pools::const_iterator find_pool(const StepType& step, const Config& config) {
  for (const bool spill : {false, true}) {
    if (const auto pool = narrowest(step, config, spill); pool != config.pools.end()) return pool;
  }
  if (!is_builtin(step)) return config.pools.end();
  const auto plain = first_plain(config, false);
  return plain != config.pools.end() ? plain : first_plain(config, true);
}

}  // namespace

std::int64_t saturating_sum(std::int64_t a, std::int64_t b) {
  return a > std::numeric_limits<std::int64_t>::max() - b ? std::numeric_limits<std::int64_t>::max() : a + b;
}

std::optional<PoolName> pool_of(const StepType& step, const Config& config) {
  const auto found = find_pool(step, config);
  if (found == config.pools.end()) return std::nullopt;
  return found->first;
}

std::optional<PoolName> spill_pool_of(const StepType& step, const Config& config) {
  const auto own = find_pool(step, config);
  if (own == config.pools.end() || own->second.spill) return std::nullopt;
  const auto found = narrowest(step, config, true);
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
