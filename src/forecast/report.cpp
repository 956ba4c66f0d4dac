#include "forecast/report.hpp"

#include <cmath>
#include <string_view>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "forecast/figures.hpp"
#include "io/text/columns.hpp"
#include "io/text/json.hpp"
#include "io/text/strings.hpp"
#include "model/counted.hpp"

namespace hydra_provisioner::forecast {
namespace {

// Without digits that mean nothing.
double hours_of(Millis time) { return std::round(hours_in(time) * 1e4) / 1e4; }
double seconds_of(double seconds) { return std::round(seconds * 1e3) / 1e3; }

io::Json wait_document(const Waits& wait) {
  return {{"mean", seconds_of(wait.mean)},
          {"p50", seconds_of(wait.p50)},
          {"p95", seconds_of(wait.p95)},
          {"p99", seconds_of(wait.p99)},
          {"max", seconds_of(wait.max)}};
}

io::Json pool_document(const PoolForecast& pool) {
  io::Json hours = io::Json::object();
  for (std::size_t i = 0; i < phases; ++i) hours[std::string(names_of<Phase>.at(i))] = hours_of(pool.hours.at(i));
  return {{"steps", pool.steps},
          {"unfinished", pool.unfinished},
          {"machineHours", hours_of(pool.machine_time())},
          {"cost", cost_value(pool.cost)},
          {"boots", pool.boots},
          {"peakMachines", pool.peak_machines},
          {"interruptions", pool.interruptions},
          {"lostHours", hours_of(pool.lost_work)},
          {"hours", std::move(hours)},
          {"stoppedHours", hours_of(pool.stopped)},
          {"wait", wait_document(pool.wait)},
          {"lowerBound", {{"work", hours_of(pool.bounds.work)}, {"level", hours_of(pool.bounds.level)}}}};
}

double share(Millis part, Millis whole) {
  return whole == Millis{0} ? 0 : 100 * static_cast<double>(part.count()) / static_cast<double>(whole.count());
}

double ratio(Millis value, Millis bound) {
  return bound == Millis{0} ? 1 : static_cast<double>(value.count()) / static_cast<double>(bound.count());
}

std::string cost_line(std::optional<Micros> cost, std::string_view currency) {
  return cost ? cost_text(cost, currency) : "not known without pricePerHour";
}

std::string pool_text(const PoolName& name, const PoolForecast& pool, std::string_view currency) {
  const Millis all = pool.machine_time();
  std::string text = fmt::format("{:<28} {}{}\n", name, counted(pool.steps, "step"),
                                 pool.unfinished > 0 ? fmt::format(", {} more were never built", pool.unfinished) : "");
  text += fmt::format("  machine-hours  {:.1f}:", hours_in(all));
  for (std::size_t i = 0; i < phases; ++i)
    text +=
        fmt::format(" {} {:.1f} %{}", names_of<Phase>.at(i), share(pool.hours.at(i), all), i + 1 < phases ? "," : "\n");
  text += fmt::format("  machines       {} boots, {} at most\n", pool.boots, pool.peak_machines);
  if (pool.interruptions > 0)
    text += fmt::format("  interruptions  {} machines taken away, {:.1f} h of work lost\n", pool.interruptions,
                        hours_in(pool.lost_work));
  if (pool.stopped > Millis{0}) text += fmt::format("  stopped        {:.1f} h\n", hours_in(pool.stopped));
  text += fmt::format("  cost           {}\n", cost_line(pool.cost, currency));
  text += fmt::format("  wait           mean {}, p50 {}, p95 {}, p99 {}, max {}\n", span_text(pool.wait.mean),
                      span_text(pool.wait.p50), span_text(pool.wait.p95), span_text(pool.wait.p99),
                      span_text(pool.wait.max));
  text += fmt::format("  lower bounds   work {:.1f} h, level {:.1f} h: {:.2f} times the level bound\n",
                      hours_in(pool.bounds.work), hours_in(pool.bounds.level), ratio(all, pool.bounds.level));
  return text;
}

std::string comparison_line(std::string_view name, std::string_view before, std::string_view now,
                            std::string_view change) {
  const std::string line = fmt::format("{} {} {} {}", io::padded(name, 28), io::padded_left(before, 18),
                                       io::padded_left(now, 18), io::padded_left(change, 11));
  return fmt::format("{}\n", io::without_trailing(line, " "));
}

std::string text_of(const FigurePair& pair) {
  return comparison_line("  " + pair.any().full_name(), pair.before ? pair.before->text : "-",
                         pair.now ? pair.now->text : "-", pair.change());
}

std::string comparison_text(const PoolPair& pool, const Forecast& before, const Forecast& now) {
  if (pool.before == nullptr) return "only in the new configuration:\n" + pool_text(pool.name, *pool.now, now.currency);
  if (pool.now == nullptr)
    return "only in the old configuration:\n" + pool_text(pool.name, *pool.before, before.currency);
  std::string text = pool.name.text + "\n";
  for (const FigurePair& pair : pairs_of(pool, before.currency, now.currency)) text += text_of(pair);
  return text;
}

}  // namespace

io::Json forecast_document(const Forecast& forecast) {
  io::Json pools = io::Json::object();
  for (const auto& [name, pool] : forecast.pools) pools[name.text] = pool_document(pool);
  io::Json unplaceable = io::Json::array();
  for (const Unplaceable& steps : forecast.unplaceable)
    unplaceable.push_back({{"stepType", steps.step_type}, {"steps", steps.runnable}});
  return {{"formatVersion", 1},
          {"pools", std::move(pools)},
          {"unplaceable", std::move(unplaceable)},
          {"passes", forecast.passes},
          {"currency", forecast.currency.empty() ? io::Json(nullptr) : io::Json(forecast.currency)}};
}

std::string forecast_text(const Forecast& forecast) {
  std::string text;
  for (const auto& [name, pool] : forecast.pools) text += pool_text(name, pool, forecast.currency);
  if (forecast.pools.size() < 2) return text;
  const PoolForecast total = total_of(forecast);
  return text + fmt::format("{:<28} {}\n  machine-hours  {:.1f}\n  cost           {}\n", "all types",
                            counted(total.steps, "step"), hours_in(total.machine_time()),
                            cost_line(total.cost, forecast.currency));
}

std::string comparison_text(const Forecast& before, const Forecast& now) {
  const std::vector<PoolPair> pools = pools_of(&before, now);
  std::string text = comparison_line("", "old", "new", "change");
  for (const PoolPair& pool : pools) text += comparison_text(pool, before, now);
  if (pools.size() < 2) return text;
  text += "all types\n";
  for (const FigurePair& pair :
       pairs_of(figures_of_sum(total_of(before), before.currency), figures_of_sum(total_of(now), now.currency)))
    text += text_of(pair);
  return text;
}

io::Json cost_value(std::optional<Micros> cost) { return cost ? io::Json(units_in(*cost)) : io::Json(nullptr); }

}  // namespace hydra_provisioner::forecast
