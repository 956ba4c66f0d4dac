// The search for better settings of a pool, by many simulations on all cores.
#pragma once

#include <set>
#include <vector>

#include "act/voice.hpp"
#include "forecast/settings.hpp"
#include "forecast/simulated_run.hpp"
#include "model/config.hpp"
#include "trace/trace.hpp"

namespace hydra_provisioner::forecast {

struct Tuning {
  Trial now;                 // the present setting
  std::vector<Trial> front;  // see front_of()
};

// Simulates the pool alone, because others do not matter to it: first with settings of all kinds, then with settings
// near the best. Shows its progress on the voice.
Tuning tune(const Config& config, const PoolName& pool, const trace::Trace& trace, const SimulationTerms& terms,
            act::Voice& voice);

// The part of the trace that belongs to these pools. A step that depends on steps of other pools becomes ready when it
// would if none of those had waited.
trace::Trace part_of(const trace::Trace& trace, const Config& config, const std::set<PoolName>& pools);

}  // namespace hydra_provisioner::forecast
