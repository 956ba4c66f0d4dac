// What a configuration would have meant for a trace: the daemon's own passes, in a simulated farm and in virtual time.
#pragma once

#include <cstdint>
#include <optional>

#include "act/voice.hpp"
#include "forecast/forecast.hpp"
#include "forecast/measured_boots.hpp"
#include "model/config.hpp"
#include "model/time.hpp"
#include "trace/trace.hpp"

namespace hydra_provisioner::forecast {

struct SimulationTerms {
  BootTimes boots{};                  // one of them is drawn for each machine; none of a pool: the usual time
  std::optional<Seconds> interval{};  // a pass that often, as from cron; none: as the daemon does
  double interruptions_per_hour = 0;  // machines that their cloud takes away, of one
  std::uint64_t seed = 1;
  act::Voice* voice = nullptr;  // told what the journal would have been told, as details
  bool skips_passes = true;     // those before which nothing has changed; without that all is the same, but slow
};

Forecast simulate(const Config& config, const trace::Trace& trace, const SimulationTerms& terms);

}  // namespace hydra_provisioner::forecast
