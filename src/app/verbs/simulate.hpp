// `simulate`: what would this configuration have meant for that trace?
#pragma once

#include "app/cli/options.hpp"
#include "app/cli/terminal.hpp"
#include "forecast/simulated_run.hpp"
#include "model/config.hpp"

namespace hydra_provisioner::app {

int tell_simulation(const Config& config, const Options& options, TerminalVoice& voice);

// What simulate and tune have in common.
forecast::SimulationTerms terms_of(const Config& config, const Options& options);
Expected<trace::Trace> trace_of(const Options& options);
void warn_of_unplaceable(const forecast::Forecast& forecast, TerminalVoice& voice);

}  // namespace hydra_provisioner::app
