// What a configuration would have meant for a trace: the daemon's own passes on a simulated farm, in virtual time.
#pragma once

#include <cstdint>
#include <optional>
#include <stop_token>

#include "act/voice.hpp"
#include "forecast/forecast.hpp"
#include "forecast/measured_boots.hpp"
#include "model/config.hpp"
#include "model/time.hpp"
#include "trace/trace.hpp"

namespace hydra_provisioner::forecast {

struct SimulationTerms {
  BootTimes boots{};                  // one of them is drawn for each machine; none of a pool: the usual time
  BootTimes starts{};                 // the same of stopped machines; none of a pool: see expected_starts()
  std::optional<Seconds> interval{};  // between passes, as from cron; none: as the daemon does
  double interruptions_per_hour = 0;  // how often a cloud takes away a machine
  std::uint64_t seed = 1;
  act::Voice* voice = nullptr;  // gets the events of the journal as details
  std::stop_token stop{};       // when it is requested, the simulation ends early, and its result means nothing
  bool skips_passes = true;     // those before which nothing has changed; the result is the same with them, only later
};

Forecast simulate(const Config& config, const trace::Trace& trace, const SimulationTerms& terms);

}  // namespace hydra_provisioner::forecast
