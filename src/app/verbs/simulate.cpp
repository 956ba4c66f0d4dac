#include "app/verbs/verbs.hpp"

#include <algorithm>
#include <iterator>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <nlohmann/json.hpp>

#include "app/cli/output.hpp"
#include "app/inputs/traces.hpp"
#include "forecast/figures.hpp"
#include "forecast/merging.hpp"
#include "forecast/page.hpp"
#include "forecast/provenance.hpp"
#include "forecast/report.hpp"
#include "io/file/files.hpp"
#include "io/text/json.hpp"
#include "model/counted.hpp"

namespace hydra_provisioner::app {
namespace {

struct SimulateOptions {
  ForecastOptions forecast;
  std::string html;     // a file
  std::string against;  // a configuration file

  ForecastOptions with_old_configuration() const {
    ForecastOptions other = forecast;
    other.config.path = against;
    return other;
  }
};

void declare(Arguments& arguments, SimulateOptions& options) {
  declare_forecast(arguments, options.forecast);
  arguments.option("--html", "FILE", into(options.html, Names::file), "write a page with plots to this file");
  arguments.option("--against", "OLD", into(options.against, Names::file),
                   "simulate this configuration file, too, and show both beside each other");
}

void warn_of_unplaceable(const forecast::Forecast& forecast, std::string_view configuration, TerminalVoice& voice) {
  for (const Unplaceable& steps : forecast.unplaceable)
    voice.warning(fmt::format("{}: no type of {} builds its {}; left out", steps.step_type, configuration,
                              counted(steps.runnable, "step")));
}

std::string hint_of(const forecast::Merger& merger) {
  return fmt::format("merging {} into one type: −{:.0f} % machine-hours, mean wait {} instead of {}; see tune\n",
                     fmt::join(merger.pools, ", "), 100 * merger.saved(), forecast::span_text(merger.then.mean_wait),
                     forecast::span_text(merger.now.mean_wait));
}

// What -v says about machines is about this configuration only.
std::string mergers_text(const ForecastInputs& inputs, const forecast::Forecast& present, TerminalVoice& voice) {
  forecast::SimulationTerms terms = inputs.terms;
  terms.voice = nullptr;
  std::string text;
  for (const forecast::Merger& merger : forecast::useful_mergers(inputs.config, inputs.trace, terms, voice, &present))
    text += hint_of(merger);
  voice.progress("");
  return text;
}

// What is shown: the forecast of the configuration, and that of the old one to compare it with, if there is any.
struct Forecasts {
  forecast::Forecast now;
  std::optional<ForecastSubject> old_subject{};
  std::optional<forecast::Forecast> before{};

  const forecast::Forecast* old_forecast() const { return before ? &*before : nullptr; }
};

std::vector<forecast::Fact> facts_of(const SimulateOptions& options, const ForecastInputs& inputs,
                                     const Forecasts& shown) {
  const bool are_boots_given = options.forecast.boot.has_value();
  auto facts = forecast::facts_of_config(shown.old_subject ? "new configuration" : "configuration",
                                         options.forecast.config.path, inputs.config, inputs.terms, are_boots_given);
  const auto add = [&](std::vector<forecast::Fact> more) { std::ranges::move(more, std::back_inserter(facts)); };
  if (shown.old_subject)
    add(forecast::facts_of_config("old configuration", options.against, shown.old_subject->config,
                                  shown.old_subject->terms, are_boots_given));
  add(facts_of_run(options.forecast, inputs));
  return facts;
}

// `conf.nix against old.nix, for farm.csv`
std::string inputs_of(const SimulateOptions& options) {
  return fmt::format("{}{}, for {}", options.forecast.config.path,
                     options.against.empty() ? "" : fmt::format(" against {}", options.against),
                     name_of_steps(options.forecast));
}

Expected<void> write_page(const SimulateOptions& options, const ForecastInputs& inputs, const Forecasts& shown) {
  constexpr mode_t readable = 0644;
  const std::string page = forecast::forecast_page({.now = shown.now,
                                                    .before = shown.old_forecast(),
                                                    .inputs = inputs_of(options),
                                                    .facts = facts_of(options, inputs, shown)});
  return io::replace_file(options.html, page, readable);
}

io::Json document_of(const Forecasts& shown) {
  io::Json document = forecast::forecast_document(shown.now);
  if (shown.before) document["against"] = forecast::forecast_document(*shown.before);
  return document;
}

std::string text_of(const Forecasts& shown) {
  return shown.before ? forecast::comparison_text(*shown.before, shown.now) : forecast::forecast_text(shown.now);
}

io::Task<Outcome> run(SimulateOptions options, Context context) {
  auto inputs = co_await read_inputs(options.forecast, context.state_dir);
  if (!inputs) co_return std::unexpected(std::move(inputs.error()));
  Forecasts shown;
  if (!options.against.empty()) {
    auto subject = co_await read_subject(options.with_old_configuration(), context.state_dir);
    if (!subject) co_return std::unexpected(std::move(subject.error()));
    shown.old_subject = *std::move(subject);
  }
  inputs->terms.voice = &context.voice;
  shown.now = forecast::simulate(inputs->config, inputs->trace, inputs->terms);
  warn_of_unplaceable(shown.now, "the configuration", context.voice);
  if (shown.old_subject) {
    shown.before = forecast::simulate(shown.old_subject->config, inputs->trace, shown.old_subject->terms);
    warn_of_unplaceable(*shown.before, options.against, context.voice);
  }
  if (!options.html.empty()) {
    auto written = write_page(options, *inputs, shown);
    if (!written) co_return failed(std::move(written.error()));
  }
  if (options.forecast.json) co_return print(io::pretty(document_of(shown)));
  co_return print(text_of(shown) + mergers_text(*inputs, shown.now, context.voice));
}

}  // namespace

Verb simulate_verb() {
  return {.name = "simulate",
          .section = Section::forecasts,
          .summary = "shows what a trace would have cost, and waited",
          .description =
              "Builds the steps of a trace, or those that this farm's passes saw, on a simulated farm, with this "
              "configuration and the very passes of the daemon, in virtual time. It shows how many machines "
              "there would have been, what they would have cost, and how long steps would have waited. It also "
              "says which types should be one, as that needs fewer machines.",
          .examples = {{{"simulate conf.nix --since 2d --html farm.html",
                         "the steps of the last two days, with a page of plots"},
                        {"simulate conf.nix --trace farm.csv --against old.nix",
                         "what would change from old.nix to this configuration?"}}},
          .on_signal = OnSignal::left_to_itself,
          .declare = command<SimulateOptions>(declare, run)};
}

}  // namespace hydra_provisioner::app
