// Which pool builds which steps.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <vector>

#include "model/config.hpp"
#include "model/plan.hpp"
#include "model/queue.hpp"
#include "model/snapshot.hpp"

namespace hydra_provisioner::decide {

struct Load {
  std::int64_t runnable = 0;
  std::int64_t running = 0;
};

struct Demand {
  std::map<PoolName, Load> pools;        // every configured pool, also those without steps
  std::vector<Unplaceable> unplaceable;  // runnable steps that fit no pool, by step type
};

// Each step type goes to the first pool by name that serves it; there is no overflow to the others. `builtin` steps
// (the queue runner sends them to any machine of its own system) go to the plain pool with x86_64-linux, else to the
// first plain one.
std::optional<PoolName> pool_of(const StepType& step, const Config& config);
Demand place_steps(const QueueStatus& status, const Config& config);

// Whether machines that are not ours build them.
bool is_served_elsewhere(const StepType& step, const Snapshot& seen, const Config& config);

}  // namespace hydra_provisioner::decide
