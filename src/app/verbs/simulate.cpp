#include "app/verbs/verbs.hpp"

#include <string>
#include <utility>

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <nlohmann/json.hpp>

#include "app/cli/output.hpp"
#include "app/inputs/traces.hpp"
#include "forecast/merging.hpp"
#include "forecast/page.hpp"
#include "forecast/report.hpp"
#include "io/file/files.hpp"
#include "io/text/json.hpp"
#include "model/counted.hpp"

namespace hydra_provisioner::app {
namespace {

struct Options {
  ForecastOptions forecast;
  std::string html;  // a file
};

void declare(Arguments& arguments, Options& options) {
  declare_forecast(arguments, options.forecast);
  arguments.option("--html", "FILE", into(options.html), "write a page with plots to this file");
}

void warn_of_unplaceable(const forecast::Forecast& forecast, TerminalVoice& voice) {
  for (const Unplaceable& steps : forecast.unplaceable)
    voice.warning(fmt::format("{}: no type of the configuration builds its {}; left out", steps.step_type,
                              counted(steps.runnable, "step")));
}

std::string text_of(const forecast::Merger& merger) {
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
    text += text_of(merger);
  voice.progress("");
  return text;
}

io::Task<Outcome> run(Options options, Context context) {
  auto inputs = co_await read_inputs(options.forecast, context.state_dir);
  if (!inputs) co_return std::unexpected(std::move(inputs.error()));
  inputs->terms.voice = &context.voice;
  const forecast::Forecast forecast = forecast::simulate(inputs->config, inputs->trace, inputs->terms);
  warn_of_unplaceable(forecast, context.voice);
  if (!options.html.empty()) {
    constexpr mode_t readable = 0644;
    auto written = io::replace_file(options.html, forecast::forecast_page(forecast), readable);
    if (!written) co_return failed(std::move(written.error()));
  }
  if (options.forecast.json) co_return print(io::pretty(forecast::forecast_document(forecast)));
  co_return print(forecast::forecast_text(forecast) + mergers_text(*inputs, forecast, context.voice));
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
          .examples = {{{"simulate conf.nix --trace farm.csv", "what would this configuration have cost?"},
                        {"simulate conf.nix --since 2d --html farm.html",
                         "for the steps of the last two days, with a page of plots"}}},
          .on_signal = OnSignal::left_to_itself,
          .declare = command(declare, run)};
}

}  // namespace hydra_provisioner::app
