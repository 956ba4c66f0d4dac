#include "app/verbs/verbs.hpp"

#include <optional>
#include <string>
#include <utility>

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <nlohmann/json.hpp>

#include "app/cli/output.hpp"
#include "app/inputs/traces.hpp"
#include "forecast/figures.hpp"
#include "forecast/merging.hpp"
#include "forecast/report.hpp"
#include "forecast/tuning.hpp"
#include "forecast/tuning_text.hpp"
#include "io/text/json.hpp"

namespace hydra_provisioner::app {
namespace {

std::string text_of(const forecast::Merger& merger) {
  return fmt::format(
      "merge {}: −{:.0f} % machine hours, {:.1f} instead of {:.1f}; mean wait {} instead of {}: "
      "into systemTypes.\"{}\"\n\n{}\n",
      fmt::join(merger.pools, ", "), 100 * merger.saved(), hours_in(merger.then.machine_time),
      hours_in(merger.now.machine_time), forecast::span_text(merger.then.mean_wait),
      forecast::span_text(merger.now.mean_wait), merger.merged.name, forecast::nix_attributes(merger.merged));
}

io::Json document_of(const forecast::MergerForecast& forecast) {
  return {{"machineHours", hours_in(forecast.machine_time)}, {"wait", {{"mean", forecast.mean_wait}}}};
}

io::Json document_of(const forecast::Merger& merger) {
  io::Json pools = io::Json::array();
  for (const PoolName& name : merger.pools) pools.push_back(name.text);
  return {{"pools", std::move(pools)},
          {"into", merger.merged.name.text},
          {"current", document_of(merger.now)},
          {"merged", document_of(merger.then)},
          {"nix", forecast::nix_attributes(merger.merged)}};
}

io::Json document_of(const forecast::Trial& trial) {
  return {{"cost", forecast::cost_value(trial.forecast.cost)},
          {"machineHours", hours_in(trial.forecast.machine_time())},
          {"wait", {{"mean", trial.wait()}, {"p95", trial.forecast.wait.p95}}},
          {"ratioToLevel", trial.ratio_to_level()},
          {"nix", forecast::nix_text(trial.setting)}};
}

io::Json document_of(const std::optional<forecast::Comparison>& both) {
  if (!both) return nullptr;
  return {{"current", document_of(both->now)}, {"recommended", document_of(both->other)}};
}

io::Json document_of(const forecast::Tuning& tuning) {
  io::Json front = io::Json::array();
  for (const forecast::Trial& trial : tuning.front) front.push_back(document_of(trial));
  const forecast::Trial* best = tuning.suggestion();
  const forecast::Trial* knee = forecast::knee_of(tuning.front);
  return {{"current", document_of(tuning.now)},
          {"front", std::move(front)},
          {"knee", knee == nullptr ? io::Json(nullptr) : document_of(*knee)},
          {"recommended", best == nullptr ? io::Json(nullptr) : document_of(*best)},
          {"tunedOn", best == nullptr ? io::Json(nullptr) : document_of(tuning.on_halves->first)},
          {"appliedTo", best == nullptr ? io::Json(nullptr) : document_of(tuning.on_halves->second)}};
}

io::Task<Outcome> run_tune(ForecastOptions options, Context context) {
  const auto inputs = co_await read_inputs(options, context.state_dir);
  if (!inputs) co_return std::unexpected(inputs.error());
  io::Json pools = io::Json::object();
  std::string text;
  for (const auto& [name, pool] : inputs->config.pools) {
    if (pool.spill) continue;  // what others leave over to it depends on them
    const auto tuning = forecast::tune(inputs->config, name, inputs->trace, inputs->terms, context.voice);
    if (!tuning) {
      context.voice.note(fmt::format("{}: the trace has no steps for it", name));
      continue;
    }
    pools[name.text] = document_of(*tuning);
    text += forecast::tuning_text(name, *tuning, inputs->config.currency);
  }
  io::Json merges = io::Json::array();
  for (const forecast::Merger& merger :
       forecast::useful_mergers(inputs->config, inputs->trace, inputs->terms, context.voice)) {
    merges.push_back(document_of(merger));
    text += text_of(merger);
  }
  context.voice.progress("");
  co_return print(options.json
                      ? io::pretty({{"formatVersion", 1}, {"pools", std::move(pools)}, {"merges", std::move(merges)}})
                      : text);
}

}  // namespace

Verb tune_verb() {
  return {.name = "tune",
          .section = Section::forecasts,
          .summary = "looks for better settings for a trace",
          .description =
              "Tries many settings of each type with simulated farms and the steps of a trace, or those that this "
              "farm's passes saw. It shows those that no other beats in both cost and waiting, and recommends the "
              "cheapest that is as quick as the present one. It looks for it with the first half of the steps, and "
              "recommends it only if it is better for all of them, too, and no worse for the second half. It marks the "
              "knee, beyond which more money saves little waiting. It also says which types should be one, as that "
              "needs fewer machines.",
          .examples = {{{"tune conf.nix --trace farm.csv", "which settings would have been better?"},
                        {"tune conf.nix --since 2d --json", "for the steps of the last two days, for a script"}}},
          .on_signal = OnSignal::left_to_itself,
          .declare = command(declare_forecast, run_tune)};
}

}  // namespace hydra_provisioner::app
