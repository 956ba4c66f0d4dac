// Where a forecast comes from: with the same inputs, the same program computes it again.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "forecast/simulated_run.hpp"
#include "model/config.hpp"
#include "trace/trace.hpp"

namespace hydra_provisioner::forecast {

struct Fact {
  std::string name;
  std::string text;
};

// Of a trace file: its name, and the number and the time of its steps.
std::vector<Fact> facts_of_trace(std::string_view file, const trace::Trace& trace);

// Of a configuration: its file, and how long machines of each pool boot. Boot times that were not given were measured,
// or are the usual ones. `kind` tells configurations apart: `new configuration`.
std::vector<Fact> facts_of_config(std::string_view kind, std::string_view file, const Config& config,
                                  const SimulationTerms& terms, bool are_boots_given);

// Of the rest of the terms.
std::vector<Fact> facts_of_terms(const SimulationTerms& terms);

}  // namespace hydra_provisioner::forecast
