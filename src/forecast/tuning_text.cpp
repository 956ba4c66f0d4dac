#include "forecast/tuning_text.hpp"

#include <algorithm>
#include <cmath>
#include <string>
#include <string_view>
#include <vector>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "forecast/figures.hpp"
#include "io/text/strings.hpp"

namespace hydra_provisioner::forecast {
namespace {

// Without a price, only the machine-hours say what a setting costs.
std::string price_column(const Trial& trial) {
  return trial.forecast.cost ? fmt::format(" {:>12.2f}", trial.price()) : "";
}

std::string row(std::string_view mark, const Trial& trial, std::string_view attributes) {
  return fmt::format("{:<4}{} {:>13.1f} {:>7.2f} {:>13} {:>13}{}{}\n", mark, price_column(trial),
                     hours_in(trial.forecast.machine_time()), trial.ratio_to_level(), span_text(trial.wait()),
                     span_text(trial.forecast.wait.p95), attributes.empty() ? "" : "  ", attributes);
}

std::string heading(const Trial& now, std::string_view currency) {
  const std::string cost = currency.empty() ? "cost" : fmt::format("cost, {}", currency);
  return fmt::format("{:<4}{} {:>13} {:>7} {:>13} {:>13}  {}\n", "",
                     now.forecast.cost ? fmt::format(" {:>12}", cost) : "", "machine-hours", "/ level", "mean wait",
                     "p95 wait", "differs from now by");
}

// The attributes that are not those of the present setting.
std::string changed_attributes(const Setting& setting, const Setting& now) {
  const std::string present = nix_text(now);
  const auto known = io::lines(present);
  const std::string text = nix_text(setting);
  auto changed = io::lines(text);
  std::erase_if(changed, [&](std::string_view line) { return std::ranges::find(known, line) != known.end(); });
  return fmt::format("{}", fmt::join(changed, " "));
}

std::string table(const Tuning& tuning, const Trial* best, const Trial* knee, std::string_view currency) {
  const Setting& now = tuning.now.setting;
  std::string text = heading(tuning.now, currency);
  for (const Trial& trial : tuning.front) {
    if (trial.setting == now) continue;
    const std::string_view mark_of_knee = &trial == knee ? "knee" : "";
    text += row(&trial == best ? "=>" : mark_of_knee, trial, changed_attributes(trial.setting, now));
  }
  return text + row("now", tuning.now, "");
}

double ratio_of_prices(const Trial& trial, const Trial& now) {
  return now.price() > 0 ? trial.price() / now.price() : 1;
}

// `3.8 times the price`, `2.2 % cheaper`
std::string price_text(double ratio) {
  if (ratio >= 2) return fmt::format("{:.1f} times the price", ratio);
  const double percent = 100 * std::abs(ratio - 1);
  if (percent < 0.05) return "the same price";
  return fmt::format("{:.1f} % {}", percent, ratio < 1 ? "cheaper" : "dearer");
}

std::string change_text(const Comparison& both) {
  return fmt::format("{}, mean wait {} instead of {}", price_text(ratio_of_prices(both.other, both.now)),
                     span_text(both.other.wait()), span_text(both.now.wait()));
}

std::string pasted(const PoolName& name, const Setting& setting, const Setting& now) {
  const bool becomes_classic = setting.scaling == Scaling::runnables && now.scaling == Scaling::work;
  return fmt::format("into systemTypes.\"{}\"\n\n{}\n{}", name, nix_text(setting),
                     becomes_classic ? "Remove targetWait, if it is there: it belongs to scaling = \"work\".\n\n" : "");
}

// What the knee costs and gains, where it is dearer than now and quicker.
std::string knee_text(const PoolName& name, const Trial& knee, const Trial& now) {
  const double ratio = ratio_of_prices(knee, now);
  const double share = knee.forecast.wait.p95 / now.forecast.wait.p95;
  if (!(ratio > 1.0005) || !(share < 0.98)) return "";
  const std::string price =
      ratio >= 2 ? fmt::format("{:.1f} times the price", ratio) : fmt::format("{:.1f} % more", 100 * (ratio - 1));
  return fmt::format("For {}, the p95 wait falls to {:.0f} %: the knee, {}", price, 100 * share,
                     pasted(name, knee.setting, now.setting));
}

// A suggestion that gains much where it was found and little elsewhere is good for the past alone.
std::string check_text(const OnHalves& halves) {
  if (!halves.second) return "";
  return fmt::format("Found with the first half of the steps ({}); applied to the second half: {}.\n\n",
                     change_text(halves.first), change_text(*halves.second));
}

std::string suggestion_text(const PoolName& name, const Tuning& tuning, const Trial& best) {
  const std::string price = price_text(ratio_of_prices(best, tuning.now));
  std::string text = fmt::format("As quick as now, and {}", price);
  if (is_quicker(best, tuning.now))
    text = is_cheaper(best, tuning.now) ? fmt::format("Quicker than now, and {}", price)
                                        : "No dearer than now, and quicker";
  return fmt::format("{}: {}{}", text, pasted(name, best.setting, tuning.now.setting), check_text(*tuning.on_halves));
}

std::string text_without_suggestion(const Tuning& tuning) {
  if (!tuning.on_halves || !tuning.on_halves->second)
    return "No setting that was tried is better than the present one.\n";
  const auto& [first, second] = *tuning.on_halves;
  return fmt::format(
      "No setting that was tried is better for the whole history. One is for the first half of the steps ({}), but {} "
      "for the rest ({}): {}\n",
      change_text(first), is_worse(second->other, second->now) ? "not" : "hardly", change_text(*second),
      changed_attributes(first.other.setting, first.now.setting));
}

}  // namespace

std::string tuning_text(const PoolName& name, const Tuning& tuning, std::string_view currency) {
  const Trial* best = tuning.suggestion();
  const Trial* knee = knee_of(tuning.front);
  std::string text = fmt::format("{}\n{}", name, table(tuning, best, knee, currency));
  text += best == nullptr ? text_without_suggestion(tuning) : suggestion_text(name, tuning, *best);
  return knee == nullptr || knee == best ? text : text + knee_text(name, *knee, tuning.now);
}

}  // namespace hydra_provisioner::forecast
