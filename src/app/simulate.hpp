// `simulate`: what would this configuration have meant for that trace?
#pragma once

#include "app/options.hpp"
#include "app/simulated_run.hpp"
#include "app/terminal.hpp"
#include "model/config.hpp"

namespace hydra_provisioner {

int tell_simulation(const Config& config, const Options& options, TerminalVoice& voice);

// What simulate and tune have in common.
SimulationTerms terms_of(const Config& config, const Options& options);
Expected<Trace> trace_of(const Options& options);
void warn_of_unplaceable(const Forecast& forecast, TerminalVoice& voice);

}  // namespace hydra_provisioner
