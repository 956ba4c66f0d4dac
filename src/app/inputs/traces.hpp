// The traces that verbs read and write. simulate and tune also read a configuration, and the terms of the simulation.
#pragma once

#include <cstddef>
#include <cstdint>
#include <expected>
#include <optional>
#include <string>
#include <vector>

#include "app/cli/verb.hpp"
#include "app/inputs/configuration.hpp"
#include "forecast/provenance.hpp"
#include "forecast/simulated_run.hpp"
#include "io/async/task.hpp"
#include "model/time.hpp"
#include "state/archive.hpp"
#include "trace/trace.hpp"

namespace hydra_provisioner::app {

struct ForecastOptions {
  ConfigFile config{};
  std::string trace{};                     // a file
  std::optional<Instant> since{};          // instead of a trace: since when the journal's steps count
  std::optional<std::int64_t> boot{};      // seconds
  std::optional<std::int64_t> interval{};  // seconds
  std::optional<double> interruptions{};   // of one machine, in an hour
  std::optional<std::uint64_t> seed{};
  std::size_t steps_max = trace::steps_max;  // of those of the journal
  bool json = false;
};

void declare_forecast(Arguments& arguments, ForecastOptions& options);

struct ForecastInputs {
  Config config;
  trace::Trace trace;
  forecast::SimulationTerms terms;
};

// A configuration, and the terms under which it is simulated.
struct ForecastSubject {
  Config config;
  forecast::SimulationTerms terms;
};

// `farm.csv`
std::string name_of_steps(const ForecastOptions& options);

// Where a forecast comes from besides its configurations.
std::vector<forecast::Fact> facts_of_run(const ForecastOptions& options, const ForecastInputs& inputs);

// With a configuration that is read already, and the journal, which options.since needs.
std::expected<ForecastInputs, Failure> inputs_for(Config config, const ForecastOptions& options,
                                                  const std::optional<state::Archive>& journal);
io::Task<std::expected<ForecastSubject, Failure>> read_subject(ForecastOptions options, std::string state_dir);
io::Task<std::expected<ForecastInputs, Failure>> read_inputs(ForecastOptions options, std::string state_dir);

// --output
void declare_output(Arguments& arguments, std::string& file);

// To the file, compressed as its name says; to stdout without one.
Outcome write_trace(const trace::Trace& trace, const std::string& file, TerminalVoice& voice);

}  // namespace hydra_provisioner::app
