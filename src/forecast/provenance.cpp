#include "forecast/provenance.hpp"

#include <chrono>

#include <fmt/format.h>

#include "html/ticks.hpp"
#include "io/text/wording.hpp"
#include "model/counted.hpp"

namespace hydra_provisioner::forecast {
namespace {

std::string boots_text(const PoolName& name, const BootTimes& boots, bool are_given) {
  const std::string time = io::span_text(mean_boot(boots, name));
  const auto known = boots.find(name);
  if (known == boots.end()) return fmt::format("{}, the default", time);
  if (are_given) return fmt::format("{}, given", time);
  return fmt::format("{} on average, {} measured", time, counted(std::ssize(known->second), "boot"));
}

std::string boots_text(const Config& config, const SimulationTerms& terms, bool are_given) {
  std::string text;
  for (const auto& [name, pool] : config.pools)
    text += fmt::format("{}{}: {}", text.empty() ? "" : "; ", name, boots_text(name, terms.boots, are_given));
  return text;
}

}  // namespace

std::vector<Fact> facts_of_trace(std::string_view file, const trace::Trace& trace) {
  std::vector<Fact> facts{{"trace", std::string(file)}, {"steps in the trace", fmt::format("{}", trace.steps.size())}};
  if (trace.steps.empty()) return facts;
  const Instant begin = std::chrono::floor<Seconds>(trace::begin_of(trace));
  const Seconds span = std::chrono::floor<Seconds>(trace.steps.back().ready_at - trace.steps.front().ready_at);
  facts.push_back(
      {"they became ready",
       fmt::format("{} UTC, within {}", html::period_text(begin, begin + span, io::Clocks::utc), io::span_text(span))});
  return facts;
}

std::vector<Fact> facts_of_config(std::string_view kind, std::string_view file, const Config& config,
                                  const SimulationTerms& terms, bool are_boots_given) {
  return {{std::string(kind), std::string(file)},
          {fmt::format("boot times of the {}", kind), boots_text(config, terms, are_boots_given)}};
}

std::vector<Fact> facts_of_terms(const SimulationTerms& terms) {
  return {
      {"passes", terms.interval ? fmt::format("every {}", io::span_text(*terms.interval)) : "as the daemon makes them"},
      {"interruptions", terms.interruptions_per_hour > 0
                            ? fmt::format("each machine {:g} times an hour on average", terms.interruptions_per_hour)
                            : "none"},
      {"seed", fmt::format("{}", terms.seed)}};
}

}  // namespace hydra_provisioner::forecast
