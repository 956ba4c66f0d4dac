// Bringing machines up to their pool's specification.
#pragma once

#include "decide/pool_view.hpp"

namespace hydra_provisioner {

// Whether a ready machine was made from something else than its pool's machines are made from now.
bool is_outdated(const PoolView& pool, const Machine& machine);

// Kept, with what holds it back as the reason, while the pool's creations back off: what fails for new machines will
// hardly work for this one.
Action redeploy(const PoolView& pool, const Machine& machine);

}  // namespace hydra_provisioner
