// Bringing machines up to their pool's specification, as they are.
#pragma once

#include "decide/pool_view.hpp"

namespace hydra_provisioner::decide {

// Whether a machine is known to have been made from something else than its pool's machines are made from now.
bool is_of_another_specification(const PoolView& pool, const Machine& machine);

// Whether a ready machine has to be redeployed.
bool is_outdated(const PoolView& pool, const Machine& machine);

// Whether it has lost the proof that it is what it should be.
bool is_unproven(const PoolView& pool, const Machine& machine);

// Kept, with what holds it back as the reason, for some time after a failed attempt.
Action redeploy(const PoolView& pool, const Machine& machine);

}  // namespace hydra_provisioner::decide
