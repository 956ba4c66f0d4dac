// Bringing existing machines up to their pool's specification.
#pragma once

#include <cstdint>

#include "decide/pool_view.hpp"

namespace hydra_provisioner::decide {

// Whether a machine is known to have another specification than its pool has now.
bool is_of_another_specification(const PoolView& pool, const Machine& machine);

// Whether a ready machine has to be redeployed.
bool is_outdated(const PoolView& pool, const Machine& machine);

// Whether there is no proof (any more) that it has its pool's specification.
bool is_unproven(const PoolView& pool, const Machine& machine);

// How many more ready machines may be redeployed now: the next ones only when those before them work.
struct RedeployTurns {
  std::int64_t free = 0;
  std::int64_t kept = 0;  // of these, by machines on which it failed: they are tried again before any other
};
RedeployTurns redeploy_turns(const PoolView& pool);

// Of a ready machine, if it is its turn.
Action redeploy_in_turn(const PoolView& pool, const Machine& machine, RedeployTurns& turns);

// For some time after a failed attempt the machine is kept as it is, with the obstacle as the reason.
Action redeploy(const PoolView& pool, const Machine& machine);

}  // namespace hydra_provisioner::decide
