// One pool's part of a trace.
#pragma once

#include "model/config.hpp"
#include "trace/trace.hpp"

namespace hydra_provisioner::forecast {

// The steps that the pool builds. Those that depend on others become ready as if none of these had waited, where the
// others are built elsewhere.
trace::Trace part_of(const trace::Trace& trace, const Config& config, const PoolName& pool);

}  // namespace hydra_provisioner::forecast
