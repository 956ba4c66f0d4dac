// The limits that hold at the moment: the configuration's, those of a schedule instead, or those that an operator
// ordered.
#pragma once

#include <optional>
#include <string>

#include "model/config.hpp"
#include "model/snapshot.hpp"

namespace hydra_provisioner::decide {

// The pool with other limits, where others hold. A minimum and a maximum that contradict one another come from
// different sources; the maximum wins.
struct LimitsInForce {
  PoolConfig pool;
  std::string whose;  // "2 to 4 machines: schedule mon-fri 8-17 UTC"
};
std::optional<LimitsInForce> limits_in_force(const PoolConfig& pool, const Snapshot& seen);

}  // namespace hydra_provisioner::decide
