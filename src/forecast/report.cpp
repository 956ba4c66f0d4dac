#include "forecast/report.hpp"

#include <cmath>
#include <string_view>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "io/text/json.hpp"
#include "io/text/money.hpp"
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
          {"wait", wait_document(pool.wait)},
          {"lowerBound", {{"work", hours_of(pool.bounds.work)}, {"level", hours_of(pool.bounds.level)}}}};
}

double share(Millis part, Millis whole) {
  return whole == Millis{0} ? 0 : 100 * static_cast<double>(part.count()) / static_cast<double>(whole.count());
}

double ratio(Millis value, Millis bound) {
  return bound == Millis{0} ? 1 : static_cast<double>(value.count()) / static_cast<double>(bound.count());
}

std::string pool_text(const PoolName& name, const PoolForecast& pool) {
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
  text += fmt::format("  cost           {}\n", pool.cost ? cost_text(pool.cost) : "not known without pricePerHour");
  text += fmt::format("  wait           mean {}, p50 {}, p95 {}, p99 {}, max {}\n", span_text(pool.wait.mean),
                      span_text(pool.wait.p50), span_text(pool.wait.p95), span_text(pool.wait.p99),
                      span_text(pool.wait.max));
  text += fmt::format("  lower bounds   work {:.1f} h, level {:.1f} h: {:.2f} times the level bound\n",
                      hours_in(pool.bounds.work), hours_in(pool.bounds.level), ratio(all, pool.bounds.level));
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
          {"passes", forecast.passes}};
}

std::string forecast_text(const Forecast& forecast) {
  std::string text;
  for (const auto& [name, pool] : forecast.pools) text += pool_text(name, pool);
  return text;
}

std::string span_text(double seconds) {
  const auto whole = std::llround(seconds);
  if (whole < 100) return fmt::format("{:.1f} s", seconds);
  if (whole < 3600) return fmt::format("{} min {} s", whole / 60, whole % 60);
  return fmt::format("{} h {} min", whole / 3600, whole % 3600 / 60);
}

io::Json cost_value(std::optional<Micros> cost) { return cost ? io::Json(units_in(*cost)) : io::Json(nullptr); }

std::string cost_text(std::optional<Micros> cost) { return cost ? io::money_text(*cost) : "-"; }

}  // namespace hydra_provisioner::forecast
