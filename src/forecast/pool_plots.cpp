#include "forecast/pool_plots.hpp"

#include <algorithm>
#include <string>
#include <utility>

#include <fmt/format.h>

#include "html/plot.hpp"

namespace hydra_provisioner::forecast {
namespace {

using html::Hue;

Curve all_machines(const PoolForecast& pool) {
  Curve sum;
  for (const Curve& phase : pool.machines) {
    if (sum.size() < phase.size()) sum.resize(phase.size());
    std::ranges::transform(phase, sum, sum.begin(), std::plus{});
  }
  return sum;
}

// What had been paid by each time: in money if the price is known, otherwise in machine-hours.
Curve paid_by_then(const PoolForecast& pool, Millis span) {
  Curve curve = all_machines(pool);
  double sum = 0;
  for (double& value : curve) value = sum += value * hours_in(span);
  if (!pool.cost || sum <= 0) return curve;
  for (double& value : curve) value *= units_in(*pool.cost) / sum;
  return curve;
}

class PoolPlots {
 public:
  PoolPlots(const PoolPair& pool, const Forecast& now)
      : pool_(pool.now == nullptr ? *pool.before : *pool.now),
        before_(pool.now == nullptr ? nullptr : pool.before),
        now_(now) {}

  html::Markup markup() const {
    return html::figure(waiting()) + html::figure(machines()) + html::figure(cost()) + html::figure(waits());
  }

 private:
  html::Plot plot(std::string title, std::string unit) const {
    return {.title = std::move(title),
            .unit = std::move(unit),
            .begin = now_.begin,
            .span = now_.span_of_curves,
            .is_utc = true};
  }

  // Where there are two configurations, names say which one is meant.
  std::string named(std::string name) const { return before_ == nullptr ? name : "new: " + name; }

  void add_old(html::Plot& plot, std::string_view name, Curve curve) const {
    plot.lines.push_back({fmt::format("old: {}", name), Hue::red, std::move(curve)});
  }

  html::Plot waiting() const {
    html::Plot waiting = plot("Steps that wait", "steps");
    waiting.areas = {{named("on average"), Hue::sky, pool_.waiting}};
    waiting.lines = {{named("most at once"), Hue::ink, pool_.most_waiting}};
    if (before_ != nullptr) add_old(waiting, "on average", before_->waiting);
    return waiting;
  }

  html::Plot machines() const {
    html::Plot machines = plot("Machines", "machines");
    for (const auto& [phase, hue] : {std::pair{Phase::busy, Hue::green},
                                     {Phase::idle, Hue::orange},
                                     {Phase::boot, Hue::blue},
                                     {Phase::drain, Hue::purple}})
      machines.areas.push_back(
          {named(std::string(to_string(phase))), hue, pool_.machines.at(static_cast<std::size_t>(phase))});
    machines.lines = {{named("most at once"), Hue::ink, pool_.most_machines}};
    if (before_ != nullptr) add_old(machines, "all, on average", all_machines(*before_));
    return machines;
  }

  // Costs of the old configuration can only be compared if both are known.
  html::Plot cost() const {
    html::Plot cost = pool_.cost ? plot("Cost so far", now_.currency) : plot("Machine-hours so far", "hours");
    cost.areas = {{named("paid"), Hue::sky, paid_by_then(pool_, now_.span_of_curves)}};
    if (before_ != nullptr && before_->cost.has_value() == pool_.cost.has_value())
      add_old(cost, "paid", paid_by_then(*before_, now_.span_of_curves));
    return cost;
  }

  html::Histogram waits() const {
    html::Histogram waits{.title = "How long steps waited",
                          .unit = "s",
                          .counted = "steps",
                          .bounds = {wait_bounds.begin(), wait_bounds.end()}};
    const auto bars = [](const PoolForecast& pool) {
      return std::vector<double>(pool.wait.classes.begin(), pool.wait.classes.end());
    };
    if (before_ != nullptr) waits.of.push_back({"old", Hue::red, bars(*before_)});
    waits.of.push_back({before_ == nullptr ? "steps" : "new", Hue::sky, bars(pool_)});
    return waits;
  }

  const PoolForecast& pool_;
  const PoolForecast* before_;
  const Forecast& now_;
};

}  // namespace

html::Markup plots_of(const PoolPair& pool, const Forecast& now) {
  return html::element("div", {{"class", "plots"}}, PoolPlots(pool, now).markup());
}

}  // namespace hydra_provisioner::forecast
