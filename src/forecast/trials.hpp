// Many simulations, on all cores.
#pragma once

#include <string>
#include <vector>

#include "act/voice.hpp"
#include "forecast/simulated_run.hpp"
#include "forecast/tuning.hpp"

namespace hydra_provisioner::forecast {

// In the order of the settings, of a configuration with one pool. Tells how far it is, and how long it will take.
std::vector<Trial> run_trials(const Config& config, const trace::Trace& trace, const SimulationTerms& terms,
                              const std::vector<Setting>& settings, const std::string& what, act::Voice& voice);

}  // namespace hydra_provisioner::forecast
