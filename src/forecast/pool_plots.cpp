#include "forecast/pool_plots.hpp"

#include <algorithm>
#include <cstddef>
#include <functional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

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

std::size_t spans_of(const Forecast& forecast) {
  std::size_t spans = 0;
  for (const auto& [name, pool] : forecast.pools)
    spans = std::max({spans, pool.waiting.size(), pool.most_machines.size(), all_machines(pool).size()});
  return spans;
}

html::Curve old_line(std::string_view name, Curve curve) {
  return {fmt::format("old: {}", name), Hue::red, std::move(curve), true};
}

class PoolPlots {
 public:
  // Null: the pool, or all, is only of one forecast.
  PoolPlots(const PoolForecast& pool, const Forecast& forecast, const PoolForecast* pool_before, const Forecast* before)
      : pool_(pool),
        before_(pool_before),
        now_(forecast),
        have_one_currency_(before == nullptr || before->currency == forecast.currency),
        spans_(std::max(spans_of(forecast), before == nullptr ? 0 : spans_of(*before))) {}

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

  // All plots of a page have the same times.
  Curve whole(Curve curve) const {
    curve.resize(spans_);
    return curve;
  }

  html::Plot waiting() const {
    html::Plot waiting = plot("Steps that wait", "steps");
    waiting.areas = {{named("on average"), Hue::sky, whole(pool_.waiting)}};
    waiting.lines = {{named("most at once"), Hue::ink, whole(pool_.most_waiting)}};
    if (before_ != nullptr) waiting.lines.push_back(old_line("on average", whole(before_->waiting)));
    return waiting;
  }

  html::Plot machines() const {
    html::Plot machines = plot("Machines", "machines");
    for (const auto& [phase, hue] : {std::pair{Phase::busy, Hue::green},
                                     {Phase::idle, Hue::orange},
                                     {Phase::boot, Hue::blue},
                                     {Phase::drain, Hue::purple}})
      machines.areas.push_back(
          {named(std::string(to_string(phase))), hue, whole(pool_.machines.at(static_cast<std::size_t>(phase)))});
    machines.lines = {{named("most at once"), Hue::ink, whole(pool_.most_machines)}};
    if (before_ != nullptr) machines.lines.push_back(old_line("all, on average", whole(all_machines(*before_))));
    return machines;
  }

  // What had been paid by each time: in money if the price is known, otherwise in machine-hours.
  Curve paid_by_then(const PoolForecast& pool) const {
    Curve curve = whole(all_machines(pool));
    double sum = 0;
    for (double& value : curve) value = sum += value * hours_in(now_.span_of_curves);
    if (!pool.cost || sum <= 0) return curve;
    for (double& value : curve) value *= units_in(*pool.cost) / sum;
    return curve;
  }

  bool are_costs_comparable() const {
    if (!before_->cost || !pool_.cost) return !before_->cost && !pool_.cost;  // machine-hours
    return have_one_currency_;
  }

  html::Plot cost() const {
    html::Plot cost = pool_.cost ? plot("Cost so far", now_.currency) : plot("Machine-hours so far", "hours");
    cost.lines = {{named("paid"), Hue::blue, paid_by_then(pool_)}};
    if (before_ != nullptr && are_costs_comparable()) cost.lines.push_back(old_line("paid", paid_by_then(*before_)));
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
  bool have_one_currency_;
  std::size_t spans_;
};

}  // namespace

html::Markup plots_of(const PoolPair& pool, const Forecast* before, const Forecast& now) {
  const PoolPlots plots = pool.now == nullptr ? PoolPlots(*pool.before, *before, nullptr, &now)
                                              : PoolPlots(*pool.now, now, pool.before, before);
  return html::element("div", {{"class", "plots"}}, plots.markup());
}

}  // namespace hydra_provisioner::forecast
