#include "app/trace_usage.hpp"

#include <initializer_list>
#include <utility>

namespace hydra_provisioner {

std::optional<std::string> misplaced_trace_option(const Options& options) {
  const TraceOptions& given = options.traces;
  const bool simulates = options.verb == Verb::simulate || options.verb == Verb::tune;
  const bool imports = options.verb == Verb::import_trace;
  const bool generates = options.verb == Verb::generate_trace;
  struct Rule {
    bool is_given;
    bool is_in_place;
    const char* text;
  };
  const Rule rules[] = {
      {!given.trace.empty(), simulates, "--trace goes with simulate and tune"},
      {given.boot.has_value(), simulates, "--boot goes with simulate and tune"},
      {given.interval.has_value(), simulates, "--interval goes with simulate and tune"},
      {given.interruptions.has_value(), simulates, "--interruptions goes with simulate and tune"},
      {given.seed.has_value(), simulates || generates, "--seed goes with simulate, tune and generate-trace"},
      {!given.html.empty(), options.verb == Verb::simulate, "--html goes with simulate"},
      {!given.hydra_db.empty(), imports, "--hydra-db goes with import-trace"},
      {!given.csv.empty(), imports, "--csv goes with import-trace"},
      {!given.columns.empty(), imports && !given.csv.empty(), "--column goes with import-trace --csv"},
      {options.since.has_value() && imports, !given.hydra_db.empty(), "--since goes with --hydra-db"},
      {!given.output.empty(), imports || generates, "--output goes with import-trace and generate-trace"},
      {given.days.has_value(), generates, "--days goes with generate-trace"},
      {given.steps.has_value(), generates, "--steps goes with generate-trace"},
      {!given.system.empty(), generates, "--system goes with generate-trace"},
      {options.json, !imports && !generates, "--json does not go with import-trace and generate-trace"},
      {options.detailed_exit_code, !is_about_traces(options.verb), "--detailed-exitcode goes with plan"},
  };
  for (const Rule& rule : rules) {
    if (rule.is_given && !rule.is_in_place) return rule.text;
  }
  return std::nullopt;
}

std::optional<std::string> lacking_trace_option(const Options& options, std::size_t words) {
  if (options.verb == Verb::import_trace) {
    if (words > 0) return "import-trace takes --hydra-db or --csv, and no argument";
    if (options.traces.hydra_db.empty() == options.traces.csv.empty())
      return "import-trace takes one of --hydra-db and --csv";
    return std::nullopt;
  }
  if (options.verb == Verb::generate_trace) {
    if (words != 1) return "generate-trace takes one of poisson, weekly and bursts";
    return std::nullopt;
  }
  if (words != 1) return words == 0 ? "no configuration file given" : "one configuration file is enough";
  if (options.traces.trace.empty()) return "which trace? name it by --trace FILE; docs/traces.md says where to get one";
  return std::nullopt;
}

}  // namespace hydra_provisioner
