#include "app/verbs/verbs.hpp"

#include <cmath>
#include <optional>
#include <string>
#include <string_view>
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
#include "io/text/json.hpp"
#include "io/text/strings.hpp"

namespace hydra_provisioner::app {
namespace {

// Without a price, only the machine-hours say what a setting costs.
std::string price_column(const forecast::Trial& trial) {
  return trial.forecast.cost ? fmt::format(" {:>12.2f}", trial.price()) : "";
}

std::string row(std::string_view mark, const forecast::Trial& trial) {
  return fmt::format("{:<4}{} {:>13.1f} {:>7.2f} {:>13} {:>13}  {}\n", mark, price_column(trial),
                     hours_in(trial.forecast.machine_time()), trial.ratio_to_level(), forecast::span_text(trial.wait()),
                     forecast::span_text(trial.forecast.wait.p95), io::on_one_line(forecast::nix_text(trial.setting)));
}

std::string heading(const forecast::Trial& now, const std::string& currency) {
  const std::string cost = currency.empty() ? "cost" : fmt::format("cost, {}", currency);
  return fmt::format("{:<4}{} {:>13} {:>7} {:>13} {:>13}\n", "", now.forecast.cost ? fmt::format(" {:>12}", cost) : "",
                     "machine-hours", "/ level", "mean wait", "p95 wait");
}

std::string_view mark_of(const forecast::Trial& trial, const forecast::Trial* best, const forecast::Trial* knee) {
  if (&trial == best) return "=>";
  return &trial == knee ? "knee" : "";
}

std::string pasted(const PoolName& name, const forecast::Setting& setting) {
  return fmt::format("into systemTypes.\"{}\"\n\n{}\n", name, forecast::nix_text(setting));
}

// "half the p95 wait"
std::string share_of_wait(double share) {
  const bool is_half = share > 0.45 && share < 0.55;
  return is_half ? "half the p95 wait" : fmt::format("{:.0f} % of the p95 wait", 100 * share);
}

// What the knee costs and gains, where it is dearer than now and quicker.
std::string knee_text(const PoolName& name, const forecast::Trial& knee, const forecast::Trial& now) {
  const double dearer = 100 * (knee.price() / now.price() - 1);
  const double share = knee.forecast.wait.p95 / now.forecast.wait.p95;
  if (!(dearer > 0.05) || !(share < 1)) return "";
  return fmt::format("The knee is not cheaper, but for +{:.1f} % {}: {}", dearer, share_of_wait(share),
                     pasted(name, knee.setting));
}

std::string change_text(const forecast::Comparison& both) {
  const double saved = 100 * (1 - both.suggested.price() / both.now.price());
  return fmt::format("{:.1f} % {} there, mean wait {} instead of {}", std::abs(saved), saved < 0 ? "dearer" : "cheaper",
                     forecast::span_text(both.suggested.wait()), forecast::span_text(both.now.wait()));
}

// A suggestion that gains much where it was found and little elsewhere is good for the past alone.
std::string check_text(const forecast::Tuning& tuning) {
  if (!tuning.tuned_on || !tuning.applied_to) return "";
  return fmt::format("Found with the first half of the steps ({}); applied to the second half: {}.\n\n",
                     change_text(*tuning.tuned_on), change_text(*tuning.applied_to));
}

std::string suggestion_text(const PoolName& name, const forecast::Tuning& tuning, const forecast::Trial& best) {
  const double saved = 100 * (1 - best.price() / tuning.now.price());
  std::string text = saved >= 1 ? fmt::format("{:.1f} % cheaper", saved) : "Quicker";
  if (saved >= 1 && best.wait() <= tuning.now.wait()) text = "As quick as now, and " + text;
  if (saved < 1 && saved >= 0) text = "No dearer than now, and quicker";
  return fmt::format("{}: {}{}", text, pasted(name, best.setting), check_text(tuning));
}

std::string text_of(const PoolName& name, const forecast::Tuning& tuning, const std::string& currency) {
  std::string text = fmt::format("{}\n{}", name, heading(tuning.now, currency));
  const forecast::Trial* best = tuning.suggestion();
  const forecast::Trial* knee = forecast::knee_of(tuning.front);
  for (const forecast::Trial& trial : tuning.front) text += row(mark_of(trial, best, knee), trial);
  text += row("now", tuning.now);
  const std::string about_knee = knee == nullptr || knee == best ? "" : knee_text(name, *knee, tuning.now);
  if (best == nullptr && !about_knee.empty()) return text + about_knee;
  if (best == nullptr) return text + "The present setting is as good as every one that was tried.\n";
  return text + suggestion_text(name, tuning, *best) + about_knee;
}

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
  return {{"current", document_of(both->now)}, {"recommended", document_of(both->suggested)}};
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
          {"tunedOn", document_of(tuning.tuned_on)},
          {"appliedTo", document_of(tuning.applied_to)}};
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
    text += text_of(name, *tuning, inputs->config.currency);
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
              "cheapest that is as quick as the present one. It finds it with the first half of the steps, and says "
              "what it would have meant for the second half. It marks the knee, beyond which more money saves little "
              "waiting. It also says which types should be one, as that needs fewer machines.",
          .examples = {{{"tune conf.nix --trace farm.csv", "which settings would have been better?"},
                        {"tune conf.nix --since 2d --json", "for the steps of the last two days, for a script"}}},
          .on_signal = OnSignal::left_to_itself,
          .declare = command(declare_forecast, run_tune)};
}

}  // namespace hydra_provisioner::app
