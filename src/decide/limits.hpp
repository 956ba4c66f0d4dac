// The limits in force: those of the configuration, unless a schedule or an operator's order replaces them, or their
// provider knows better.
#pragma once

#include <optional>
#include <string>

#include "model/config.hpp"
#include "model/snapshot.hpp"

namespace hydra_provisioner::decide {

// The pool with the limits in force, and with what a new machine builds at a time, if they are not the configuration's.
// A minimum above the maximum comes from another source; the maximum wins.
struct LimitsInForce {
  PoolConfig pool;
  std::string source;      // "2 to 4 machines: schedule mon-fri 8-17 UTC"; empty: the configuration's
  std::string of_maximum;  // "maxMachines ordered by an operator"; empty: the configuration's
};
std::optional<LimitsInForce> limits_in_force(const PoolConfig& configured, const Snapshot& seen);

}  // namespace hydra_provisioner::decide
