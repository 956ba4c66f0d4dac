#include "forecast/figures.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <map>
#include <utility>

#include <fmt/format.h>

#include "io/text/money.hpp"

namespace hydra_provisioner::forecast {
namespace {

constexpr std::string_view machine_hours = "machine-hours";
constexpr std::string_view wait = "wait";
constexpr std::string_view lower_bound = "lower bound";

constexpr std::string_view never_built = "never built";
constexpr std::string_view taken_away = "taken away";
constexpr std::string_view lost_hours = "hours lost";
constexpr std::string_view stopped = "stopped";
constexpr std::array rare{never_built, taken_away, lost_hours, stopped};

constexpr std::string_view most_machines = "machines at most";
constexpr std::array percentiles{std::string_view("p50"), std::string_view("p95"), std::string_view("p99")};

Figure counted_figure(std::string_view name, std::int64_t count) {
  return {.name = name, .value = static_cast<double>(count), .text = fmt::format("{}", count)};
}

Figure hours_figure(std::string_view name, Millis time, std::string_view part_of = {}) {
  return {.name = name, .part_of = part_of, .value = hours_in(time), .text = fmt::format("{:.1f}", hours_in(time))};
}

Figure wait_figure(std::string_view name, double seconds) {
  return {.name = name, .part_of = wait, .value = seconds, .text = span_text(seconds)};
}

bool did_not_happen(const std::optional<Figure>& figure) { return !figure || figure->value == 0.0; }

// A share of what is nearly nothing would be large, and say little.
bool is_shown_as_zero(std::string_view text) { return text == "0" || text.starts_with("0.0"); }

bool is_left_out(const FigurePair& pair) {
  return std::ranges::find(rare, pair.any().name) != rare.end() && did_not_happen(pair.before) &&
         did_not_happen(pair.now);
}

}  // namespace

std::string Figure::full_name() const {
  return part_of.empty() ? std::string(name) : fmt::format("{}, {}", part_of, name);
}

std::vector<Figure> figures_of(const PoolForecast& pool, std::string_view currency) {
  std::vector<Figure> figures{counted_figure("steps", pool.steps), counted_figure(never_built, pool.unfinished),
                              hours_figure(machine_hours, pool.machine_time())};
  for (std::size_t i = 0; i < phases; ++i)
    figures.push_back(hours_figure(names_of<Phase>.at(i), pool.hours.at(i), machine_hours));
  figures.push_back(hours_figure(stopped, pool.stopped, machine_hours));
  const auto cost = pool.cost ? std::optional(units_in(*pool.cost)) : std::nullopt;
  figures.push_back({.name = "cost", .value = cost, .text = cost_text(pool.cost, currency), .currency = currency});
  figures.push_back(counted_figure("boots", pool.boots));
  figures.push_back(counted_figure(most_machines, pool.peak_machines));
  figures.push_back(counted_figure(taken_away, pool.interruptions));
  figures.push_back(hours_figure(lost_hours, pool.lost_work));
  figures.push_back(wait_figure("mean", pool.wait.mean));
  figures.push_back(wait_figure(percentiles[0], pool.wait.p50));
  figures.push_back(wait_figure(percentiles[1], pool.wait.p95));
  figures.push_back(wait_figure(percentiles[2], pool.wait.p99));
  figures.push_back(wait_figure("max", pool.wait.max));
  figures.push_back(hours_figure("work", pool.bounds.work, lower_bound));
  figures.push_back(hours_figure("level", pool.bounds.level, lower_bound));
  return figures;
}

std::vector<Figure> figures_of_sum(const PoolForecast& sum, std::string_view currency) {
  std::vector<Figure> figures = figures_of(sum, currency);
  std::erase_if(figures, [](const Figure& figure) {
    return figure.name == most_machines || std::ranges::find(percentiles, figure.name) != percentiles.end();
  });
  return figures;
}

PoolForecast total_of(const Forecast& forecast) {
  std::vector<const PoolForecast*> pools;
  pools.reserve(forecast.pools.size());
  for (const auto& [name, pool] : forecast.pools) pools.push_back(&pool);
  return sum_of(pools);
}

std::vector<PoolPair> pools_of(const Forecast* before, const Forecast& now) {
  std::map<PoolName, PoolPair> pairs;
  for (const auto& [name, pool] : now.pools) pairs[name] = {.name = name, .now = &pool};
  if (before != nullptr) {
    for (const auto& [name, pool] : before->pools) {
      PoolPair& pair = pairs[name];
      pair.name = name;
      pair.before = &pool;
    }
  }
  std::vector<PoolPair> pools;
  pools.reserve(pairs.size());
  for (auto& [name, pair] : pairs) pools.push_back(std::move(pair));
  return pools;
}

std::string FigurePair::change() const {
  if (!before || !now || !before->value || !now->value || before->text == now->text) return "";
  if (before->currency != now->currency) return "";
  const double ratio = *now->value / *before->value;
  if (!std::isfinite(ratio) || is_shown_as_zero(before->text)) return "";
  if (ratio >= 10) return fmt::format("×{:.0f}", ratio);
  return fmt::format("{}{:.1f} %", ratio < 1 ? "−" : "+", 100 * std::abs(ratio - 1));
}

std::vector<FigurePair> pairs_of(const std::vector<Figure>& before, const std::vector<Figure>& now) {
  std::vector<FigurePair> pairs(std::max(before.size(), now.size()));
  for (std::size_t i = 0; i < before.size(); ++i) pairs[i].before = before[i];
  for (std::size_t i = 0; i < now.size(); ++i) pairs[i].now = now[i];
  std::erase_if(pairs, is_left_out);
  return pairs;
}

std::vector<FigurePair> pairs_of(const PoolPair& pool, std::string_view currency_before, std::string_view currency) {
  const std::vector<Figure> none;
  return pairs_of(pool.before == nullptr ? none : figures_of(*pool.before, currency_before),
                  pool.now == nullptr ? none : figures_of(*pool.now, currency));
}

std::string span_text(double seconds) {
  const auto whole = std::llround(seconds);
  if (whole < 100) return fmt::format("{:.1f} s", seconds);
  if (whole < 3600) return fmt::format("{} min {} s", whole / 60, whole % 60);
  return fmt::format("{} h {} min", whole / 3600, whole % 3600 / 60);
}

std::string cost_text(std::optional<Micros> cost, std::string_view currency) {
  return cost ? io::money_text(*cost, currency) : "-";
}

}  // namespace hydra_provisioner::forecast
