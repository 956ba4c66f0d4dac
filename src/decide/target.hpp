// How many machines a pool should have.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "decide/demand.hpp"
#include "model/config.hpp"

namespace hydra_provisioner {

struct Target {
  std::int64_t wanted = 0;    // by the queue alone
  std::int64_t machines = 0;  // within the limits
  std::string sum;            // how it was reckoned, with its numbers
};

// The classic rule: ceil(max(runnable − ignoredRunnables, 0) / runnablesPerMachine), within minMachines and
// maxMachines.
Target classic_target(const PoolConfig& pool, const Load& load);

// That many, as far as minMachines and maxMachines allow; `sum` says how it was reckoned so far.
Target within_limits(const PoolConfig& pool, std::int64_t wanted, const std::string& sum);

Target target_without_trusted_status(const PoolConfig& pool);  // minMachines
Target target_of_retired(const PoolConfig& pool);              // none

}  // namespace hydra_provisioner
