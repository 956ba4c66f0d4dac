// Whether one pool in the place of several would need fewer machines: each of several has idle slots of its own.
#pragma once

#include <string>
#include <vector>

#include "act/voice.hpp"
#include "forecast/forecast.hpp"
#include "forecast/simulated_run.hpp"
#include "model/config.hpp"
#include "trace/trace.hpp"

namespace hydra_provisioner::forecast {

// Several pools, or the one in their place.
struct MergerForecast {
  Millis machine_time{};
  double mean_wait = 0;
  std::int64_t unfinished = 0;
};

struct Merger {
  std::vector<PoolName> pools;
  PoolConfig merged;  // has the name and the settings of the one with the most steps
  MergerForecast now;
  MergerForecast then;

  double saved() const;  // of the machine time now: 0.28 for 28 %
};

// A smaller part of the machine time says little: another trace of the same farm could say otherwise.
inline constexpr double saved_at_least = 0.05;

// Pools whose machines are alike: of one provider, of one price and with as many jobs, for a common system. None of
// them is a spill pool, which is there to be another one.
std::vector<std::vector<PoolName>> groups_alike(const Config& config);

// One pool for all of these: their systems and features, their common mandatory features, and as many machines.
PoolConfig merged(const Config& config, const std::vector<PoolName>& pools, const PoolName& name);

// The groups that should be one pool for this trace: it builds as many steps, in clearly less machine time. `present`
// is what simulating the configuration has shown, if that was done: most groups are then simulated only as one pool.
std::vector<Merger> useful_mergers(const Config& config, const trace::Trace& trace, const SimulationTerms& terms,
                                   act::Voice& voice, const Forecast* present = nullptr);

// The attributes that differ from those of the pool of that name, to be pasted into the configuration.
std::string nix_attributes(const PoolConfig& merged);

}  // namespace hydra_provisioner::forecast
