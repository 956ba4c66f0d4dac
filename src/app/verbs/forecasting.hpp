// What simulate and tune have in common: a configuration, a trace, and the terms of the simulation.
#pragma once

#include <cstdint>
#include <expected>
#include <optional>
#include <string>

#include "app/cli/terminal.hpp"
#include "app/verbs/configuration.hpp"
#include "forecast/simulated_run.hpp"
#include "io/async/task.hpp"
#include "trace/trace.hpp"

namespace hydra_provisioner::app {

struct ForecastOptions {
  ConfigFile config{};
  std::string trace{};                     // a file
  std::optional<std::int64_t> boot{};      // seconds
  std::optional<std::int64_t> interval{};  // seconds
  std::optional<double> interruptions{};   // of one machine, in an hour
  std::optional<std::uint64_t> seed{};
  bool json = false;
};

void declare_forecast(Arguments& arguments, ForecastOptions& options);

struct ForecastInputs {
  Config config;
  trace::Trace trace;
  forecast::SimulationTerms terms;
};

io::Task<std::expected<ForecastInputs, Failure>> read_inputs(ForecastOptions options, std::string state_dir);

}  // namespace hydra_provisioner::app
