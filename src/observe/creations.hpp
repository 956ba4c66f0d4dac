// How the latest creations of each pool went, as far as it still counts.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "model/config.hpp"
#include "model/job.hpp"
#include "model/orders.hpp"
#include "model/snapshot.hpp"
#include "observe/fleet.hpp"

namespace hydra_provisioner::observe {

using Creations = std::map<PoolName, CreationRecord>;

// A hash of what machines of the pool are made from: a failure says nothing about another recipe.
std::string recipe_of(const PoolConfig& pool, const std::string& specification);

// Of every configured pool. What failed before a changed configuration or specification, or before an operator ordered
// to try again, does not count any more.
Creations creations_that_count(Creations remembered, const Config& config, const Snapshot& seen);

// Whether what failures count from has to be recorded.
bool is_changed(const Creations& remembered, const PoolName& pool, const CreationRecord& record);

// With what ended since the last pass, for this pass to decide from; act/operations.cpp records it. Without the pools
// of which nothing failed and nothing changed.
Creations with_ended(Creations creations, const Fleet& fleet, const std::vector<JobState>& jobs, Instant now);

}  // namespace hydra_provisioner::observe
