#include "decide/spill.hpp"

#include <algorithm>
#include <cstdint>
#include <map>

#include "decide/demand.hpp"
#include "decide/outlook.hpp"
#include "decide/target.hpp"

namespace hydra_provisioner::decide {
namespace {

// Steps that their pool may leave to a spill pool.
struct Movable {
  const StepTypeCount* steps;
  PoolView* spill;
};

using PoolViews = std::map<PoolName, PoolView*>;

PoolViews configured_pools(std::vector<PoolView>& pools) {
  PoolViews by_name;
  for (PoolView& pool : pools) {
    if (pool.is_configured) by_name.emplace(pool.settings.name, &pool);
  }
  return by_name;
}

// By pool, and there by key, so that their order in the document has no meaning.
std::map<PoolName, std::vector<Movable>> movable_steps(const PoolViews& pools, const QueueStatus& status,
                                                       const Config& config) {
  std::map<PoolName, std::vector<Movable>> movable;
  for (const StepTypeCount& steps : status.step_types) {
    const auto spill = spill_pool_of(steps.type, config);
    if (spill) movable[*pool_of(steps.type, config)].push_back({&steps, pools.at(*spill)});
  }
  for (auto& [pool, all] : movable)
    std::ranges::sort(all, {}, [](const Movable& each) -> const std::string& { return each.steps->key; });
  return movable;
}

std::int64_t most_waiting(const PoolView& pool) {
  return pool.settings.scaling == Scaling::work ? steps_for_maximum(pool.settings, outlook(pool))
                                                : steps_for_maximum(pool.settings);
}

std::int64_t most_running(const PoolView& pool) {
  return saturating_product(pool.settings.max_machines, pool.settings.max_jobs);
}

void move_steps(std::int64_t& from, std::int64_t& to, std::int64_t count) {
  from -= count;
  to = saturating_sum(to, count);
}

void spill_running(PoolView& pool, const std::vector<Movable>& movable) {
  const std::int64_t most = most_running(pool);
  for (const auto& [steps, spill] : movable) {
    const std::int64_t excess = std::max<std::int64_t>(pool.load.running - most, 0);
    move_steps(pool.load.running, spill->load.running, std::min(excess, steps->running));
  }
}

void spill_waiting(PoolView& pool, const std::vector<Movable>& movable) {
  const std::int64_t most = most_waiting(pool);
  for (const auto& [steps, spill] : movable) {
    const std::int64_t excess = std::max<std::int64_t>(pool.load.runnable - most, 0);
    const std::int64_t count = std::min(excess, steps->runnable);
    if (count == 0) continue;
    move_steps(pool.load.runnable, spill->load.runnable, count);
    std::int64_t& left = pool.load.left_to[spill->settings.name];
    left = saturating_sum(left, count);
  }
}

}  // namespace

void spill_over(std::vector<PoolView>& pools, const QueueStatus& status) {
  const auto any =
      std::ranges::find_if(pools, [](const PoolView& pool) { return pool.is_configured && pool.settings.spill; });
  if (any == pools.end()) return;
  const PoolViews by_name = configured_pools(pools);
  for (const auto& [name, movable] : movable_steps(by_name, status, any->config)) {
    PoolView& pool = *by_name.at(name);
    spill_running(pool, movable);
    spill_waiting(pool, movable);
  }
}

}  // namespace hydra_provisioner::decide
