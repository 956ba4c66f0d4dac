// Which pool builds which steps.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "model/config.hpp"
#include "model/plan.hpp"
#include "model/queue.hpp"
#include "model/snapshot.hpp"

namespace hydra_provisioner::decide {

struct Load {
  std::int64_t runnable = 0;
  std::int64_t running = 0;
  std::map<PoolName, std::int64_t> left_to{};  // further runnable steps, which count for spill pools: see spill.hpp
};

struct Demand {
  std::map<PoolName, Load> pools;        // every configured pool, also those without steps
  std::vector<Unplaceable> unplaceable;  // runnable steps that fit no pool, by step type
};

// Each step type belongs to the pool that serves it most narrowly: with the fewest features beyond those that it
// requires, and of several the first by name. It belongs to a spill pool only if no other pool serves it. `builtin`
// steps (the queue runner sends them to any machine of its own system) are like steps of that system; if no pool serves
// them, they belong to the first without mandatory features.
std::optional<PoolName> pool_of(const StepType& step, const Config& config);

// The spill pool that serves most narrowly what another pool, to which the steps belong, leaves over. None: there is
// none, or the steps belong to a spill pool themselves.
std::optional<PoolName> spill_pool_of(const StepType& step, const Config& config);

// All steps count for the pool to which they belong.
Demand place_steps(const QueueStatus& status, const Config& config);

std::int64_t saturating_sum(std::int64_t a, std::int64_t b);

// Whether machines that are not ours build them.
bool is_served_elsewhere(const StepType& step, const Snapshot& seen, const Config& config);

}  // namespace hydra_provisioner::decide
