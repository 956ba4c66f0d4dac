#include "app/pages/curves.hpp"

#include <algorithm>
#include <array>
#include <chrono>
#include <cmath>
#include <cstddef>
#include <limits>
#include <string_view>
#include <utility>
#include <vector>

#include <fmt/format.h>

#include "app/pages/parts.hpp"
#include "html/plot.hpp"

namespace hydra_provisioner::app::pages {
namespace {

using html::Curve;
using html::element;
using html::Hue;
using html::Markup;
using html::text;

constexpr Seconds hour{3600};

struct Range {
  std::string_view name;  // in the query
  std::string_view label;
  Seconds length;
  Seconds span;  // of each value
};
constexpr std::array ranges{Range{"3h", "3 hours", 3 * hour, state::short_load_span},
                            Range{"24h", "24 hours", 24 * hour, state::short_load_span},
                            Range{"7d", "7 days", 7 * 24 * hour, state::long_load_span},
                            Range{"30d", "30 days", 30 * 24 * hour, state::long_load_span}};
constexpr std::size_t usual_range = 1;

Markup choice_of_range(const Range& chosen) {
  std::vector<Choice> all;
  all.reserve(ranges.size());
  for (const Range& range : ranges)
    all.push_back({fmt::format("?range={}#plots", range.name), range.label, range.name == chosen.name});
  return choices("How far back", all);
}

// The load of the pool, or of all together, in each span of the range.
std::vector<state::Load> loads(const state::Archive& journal, const Range& range, Instant begin,
                               const std::optional<PoolName>& pool) {
  std::vector<state::Load> all(static_cast<std::size_t>(range.length / range.span));
  for (auto& [time, load] : journal.load(range.span, begin, pool.value_or(PoolName{}))) {
    const auto place = static_cast<std::size_t>((time - begin) / range.span);
    if (place < all.size()) all.at(place) = std::move(load);
  }
  return all;
}

// The average of a sum over time; not a number where there was no time.
double average(Seconds sum, Seconds time) {
  if (time <= Seconds{0}) return std::numeric_limits<double>::quiet_NaN();
  return static_cast<double>(sum.count()) / static_cast<double>(time.count());
}

template <class Value>
Curve curve(std::string name, Hue hue, const std::vector<state::Load>& loads, Value value) {
  Curve made{std::move(name), hue, {}};
  made.values.reserve(loads.size());
  for (const state::Load& load : loads) made.values.push_back(value(load));
  return made;
}

Curve machines(std::string name, Hue hue, const std::vector<state::Load>& loads, Seconds state::Load::* use) {
  return curve(std::move(name), hue, loads,
               [use](const state::Load& load) { return average(load.*use, load.observed); });
}

Curve steps(std::string name, Hue hue, const std::vector<state::Load>& loads, Seconds state::Load::* sum) {
  return curve(std::move(name), hue, loads,
               [sum](const state::Load& load) { return average(load.*sum, load.observed - load.untrusted); });
}

// A value that is known where there was a pass.
template <class Value>
auto if_observed(Value value) {
  return [value](const state::Load& load) {
    return load.observed > Seconds{0} ? value(load) : std::numeric_limits<double>::quiet_NaN();
  };
}

html::Plot plot(std::string title, std::string unit, const Range& range, Instant begin) {
  return {.title = std::move(title), .unit = std::move(unit), .begin = begin, .span = range.span};
}

}  // namespace

std::string range_of(const std::map<std::string, std::string>& query) {
  const auto asked = query.find("range");
  const bool is_known = asked != query.end() && std::ranges::find(ranges, asked->second, &Range::name) != ranges.end();
  return is_known ? asked->second : std::string(ranges.at(usual_range).name);
}

Markup plots(const state::Archive& journal, Instant now, const std::optional<PoolName>& pool, const Config& config,
             const std::string& range_name) {
  const Range& range = *std::ranges::find(ranges, range_name, &Range::name);
  const Instant begin{(now.time_since_epoch() / range.span + 1) * range.span - range.length};
  const std::vector<state::Load> seen = loads(journal, range, begin, pool);

  html::Plot queue = plot("Steps", "steps", range, begin);
  queue.areas = {steps("waiting", Hue::sky, seen, &state::Load::waiting)};
  Curve running = steps("running", Hue::green, seen, &state::Load::running);
  running.are_averages = true;
  queue.lines = {std::move(running), curve("most waiting", Hue::ink, seen, if_observed([](const state::Load& load) {
                                             return static_cast<double>(load.most_waiting);
                                           }))};
  html::Plot farm = plot("Machines", "machines", range, begin);
  farm.areas = {
      machines("busy", Hue::green, seen, &state::Load::busy), machines("idle", Hue::orange, seen, &state::Load::idle),
      machines("boot", Hue::blue, seen, &state::Load::boot), machines("drain", Hue::purple, seen, &state::Load::drain)};
  html::Plot waits = plot("Longest wait", "s", range, begin);
  waits.lines = {curve("longest wait", Hue::red, seen, if_observed([](const state::Load& load) {
                         return static_cast<double>(load.longest_wait.count());
                       }))};
  Markup figures = figure(queue) + figure(farm) + figure(waits);
  if (std::ranges::any_of(seen, [](const state::Load& load) { return load.cost > 0; })) {
    html::Plot cost = plot("Cost per hour", config.currency, range, begin);
    cost.areas = {curve("cost", Hue::green, seen, if_observed([](const state::Load& load) {
                          return load.cost / 1e6 * hour.count() / static_cast<double>(load.observed.count());
                        }))};
    figures += figure(cost);
  }
  return element("h2", {{"id", "plots"}}, text("Over time")) + choice_of_range(range) +
         element("div", {{"class", "plots"}}, figures);
}

}  // namespace hydra_provisioner::app::pages
