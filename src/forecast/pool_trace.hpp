// One pool's part of a trace.
#pragma once

#include "model/config.hpp"
#include "trace/trace.hpp"

namespace hydra_provisioner {

// The steps that the pool builds. Those that depend on others become ready as if none of these had waited, where the
// others are built elsewhere.
Trace part_of(const Trace& trace, const Config& config, const PoolName& pool);

}  // namespace hydra_provisioner
