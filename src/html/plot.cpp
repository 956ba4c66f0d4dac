#include "html/plot.hpp"

#include <algorithm>
#include <chrono>
#include <cmath>
#include <cstddef>
#include <iterator>
#include <ranges>
#include <string_view>
#include <utility>

#include <fmt/format.h>

#include "html/canvas.hpp"
#include "html/ticks.hpp"

namespace hydra_provisioner::html {
namespace {

std::size_t spans_of(const Plot& plot) {
  std::size_t spans = 0;
  for (const auto* curves : {&plot.areas, &plot.lines}) {
    for (const Curve& curve : *curves) spans = std::max(spans, curve.values.size());
  }
  return spans;
}

double average_of(std::ranges::subrange<std::vector<double>::const_iterator> values) {
  double sum = 0;
  int count = 0;
  for (const double value : values) {
    if (!std::isfinite(value)) continue;
    sum += value;
    ++count;
  }
  return count == 0 ? std::nan("") : sum / count;
}

double highest_of(std::ranges::subrange<std::vector<double>::const_iterator> values) {
  double highest = std::nan("");
  for (const double value : values) {
    if (std::isfinite(value) && !(value <= highest)) highest = value;
  }
  return highest;
}

// One value in the place of so many each.
std::vector<double> merged(const std::vector<double>& values, std::size_t count, bool are_averages) {
  std::vector<double> merged;
  for (auto at = values.cbegin(); at != values.cend();) {
    const auto end = at + std::min(static_cast<std::ptrdiff_t>(count), values.cend() - at);
    const std::ranges::subrange part(at, end);
    merged.push_back(are_averages ? average_of(part) : highest_of(part));
    at = end;
  }
  return merged;
}

Plot with_few_spans(Plot plot) {
  const std::size_t count = (spans_of(plot) + spans_max - 1) / spans_max;
  if (count <= 1) return plot;
  plot.span *= static_cast<std::int64_t>(count);
  for (Curve& area : plot.areas) area.values = merged(area.values, count, true);
  for (Curve& line : plot.lines) line.values = merged(line.values, count, line.are_averages);
  return plot;
}

// The tops of the areas, each of which stands on the one before it.
std::vector<std::vector<double>> stacked(const std::vector<Curve>& areas, std::size_t spans) {
  std::vector<std::vector<double>> tops;
  std::vector<double> sum(spans);
  for (const Curve& area : areas) {
    for (std::size_t i = 0; i < area.values.size(); ++i) sum[i] += std::isfinite(area.values[i]) ? area.values[i] : 0;
    tops.push_back(sum);
  }
  return tops;
}

double highest_in(const std::vector<double>& values) {
  const double highest = highest_of(std::ranges::subrange(values.cbegin(), values.cend()));
  return std::isfinite(highest) ? highest : 0;
}

class Drawing {
 public:
  explicit Drawing(const Plot& plot)
      : plot_(plot),
        clocks_(plot.is_utc ? io::Clocks::utc : io::Clocks::host),
        spans_(spans_of(plot)),
        tops_(stacked(plot.areas, spans_)),
        values_(most(), plot.unit) {}

  Markup markup() const {
    Markup picture = values_.markup() + grid_of_times() + areas() + lines();
    picture += horizontal_axis(labels()) + zone();
    for (std::size_t i = 0; i < spans_; ++i)
      if (is_recorded(i)) picture += slice(x(i), x(i + 1), text_of_span(i));
    return markup_of({.title = plot_.title, .description = description(), .legend = legend(), .picture = picture});
  }

 private:
  double most() const {
    double most = tops_.empty() ? 0 : highest_in(tops_.back());
    for (const Curve& line : plot_.lines) most = std::max(most, highest_in(line.values));
    return most;
  }

  bool is_recorded(std::size_t span) const {
    const auto has_value = [span](const Curve& curve) {
      return span < curve.values.size() && std::isfinite(curve.values[span]);
    };
    return std::ranges::any_of(plot_.areas, has_value) || std::ranges::any_of(plot_.lines, has_value);
  }

  double x(std::size_t span) const {
    return canvas_left + (canvas_right - canvas_left) * static_cast<double>(span) / static_cast<double>(spans_);
  }

  double x(Instant time) const {
    const auto part = static_cast<double>(Millis(time - plot_.begin).count()) /
                      (static_cast<double>(plot_.span.count()) * static_cast<double>(spans_));
    return canvas_left + (canvas_right - canvas_left) * part;
  }

  Instant begin_of(std::size_t span) const {
    return plot_.begin + std::chrono::floor<Seconds>(plot_.span * static_cast<std::int64_t>(span));
  }
  Instant end() const { return begin_of(spans_); }

  std::vector<TimeTick> ticks() const { return time_ticks(plot_.begin, end(), clocks_); }

  Markup grid_of_times() const {
    Markup grid;
    for (const TimeTick& tick : ticks())
      grid += element(
          "path", {{"class", "grid"}, {"d", fmt::format("M{:.1f} {}V{}", x(tick.time), canvas_top, canvas_bottom)}});
    return grid;
  }

  std::vector<AxisLabel> labels() const {
    std::vector<AxisLabel> labels;
    for (const TimeTick& tick : ticks()) labels.push_back({x(tick.time), tick.label, tick.date});
    return labels;
  }

  Markup zone() const {
    return element("text", {{"x", coordinate(canvas_width)}, {"y", "17"}, {"text-anchor", "end"}},
                   text(time_zone_text(plot_.begin, end(), clocks_)));
  }

  // The highest first, because lower ones cover it.
  Markup areas() const {
    Markup areas;
    for (std::size_t i = tops_.size(); i-- > 0;) {
      const std::string path =
          fmt::format("M{:.1f} {}{}V{}Z", canvas_left, canvas_bottom, stairs(tops_[i], false), canvas_bottom);
      areas += element("path", {{"class", class_of(plot_.areas[i].hue, Stroke::area)}, {"d", path}});
    }
    return areas;
  }

  Markup lines() const {
    Markup lines;
    for (std::size_t i = 0; i < plot_.lines.size(); ++i)
      lines += element("path", {{"class", class_of(plot_.lines[i].hue, stroke_of_line(i))},
                                {"d", stairs(plot_.lines[i].values, true)}});
    return lines;
  }

  // A step for each span. With gaps where nothing was recorded: a line that begins anew.
  std::string stairs(const std::vector<double>& values, bool begins_anew) const {
    std::string path;
    for (std::size_t i = 0; i < values.size(); ++i) {
      if (!std::isfinite(values[i])) {
        begins_anew = true;
        continue;
      }
      const bool is_level =
          !begins_anew && i > 0 && coordinate(values_.y(values[i])) == coordinate(values_.y(values[i - 1]));
      if (begins_anew)
        fmt::format_to(std::back_inserter(path), "M{:.1f} {:.1f}", x(i), values_.y(values[i]));
      else if (!is_level)
        fmt::format_to(std::back_inserter(path), "V{:.1f}", values_.y(values[i]));
      begins_anew = false;
      fmt::format_to(std::back_inserter(path), "H{:.1f}", x(i + 1));
    }
    return path;
  }

  std::string text_of_span(std::size_t span) const {
    std::string text = period_text(begin_of(span), begin_of(span + 1), clocks_);
    for (const auto* curves : {&plot_.areas, &plot_.lines}) {
      for (const Curve& curve : *curves) {
        if (span < curve.values.size() && std::isfinite(curve.values[span]))
          text += fmt::format("\n{}: {}", curve.name, value_text(curve.values[span], plot_.unit));
      }
    }
    return text;
  }

  std::string description() const {
    const std::string unit = plot_.unit.empty() || plot_.unit == unit_of_durations ? "" : plot_.unit + ", ";
    std::string text = fmt::format("{}{} {}.", unit, period_text(plot_.begin, end(), clocks_),
                                   time_zone_text(plot_.begin, end(), clocks_));
    for (const auto* curves : {&plot_.areas, &plot_.lines}) {
      for (const Curve& curve : *curves) text += description_of(curve);
    }
    return text;
  }

  std::string description_of(const Curve& curve) const {
    const double highest = highest_in(curve.values);
    const auto at = std::ranges::find(curve.values, highest);
    if (at == curve.values.end()) return fmt::format(" {}: nothing recorded.", curve.name);
    const auto span = static_cast<std::size_t>(at - curve.values.begin());
    const auto last =
        std::ranges::find_if(curve.values | std::views::reverse, [](double v) { return std::isfinite(v); });
    return fmt::format(" {}: at most {}, at {}; {} at the end.", curve.name, value_text(highest, plot_.unit),
                       time_text(begin_of(span), clocks_), value_text(*last, plot_.unit));
  }

  std::vector<LegendEntry> legend() const {
    std::vector<LegendEntry> entries;
    entries.reserve(plot_.areas.size() + plot_.lines.size());
    for (const Curve& area : plot_.areas) entries.push_back({area.name, area.hue, Stroke::area});
    for (std::size_t i = 0; i < plot_.lines.size(); ++i)
      entries.push_back({plot_.lines[i].name, plot_.lines[i].hue, stroke_of_line(i)});
    return entries;
  }

  const Plot& plot_;
  io::Clocks clocks_;
  std::size_t spans_;
  std::vector<std::vector<double>> tops_;
  ValueAxis values_;
};

}  // namespace

Markup figure(const Plot& plot) {
  if (spans_of(plot) == 0 || plot.span <= Millis{0}) return empty_figure(plot.title);
  const Plot drawn = with_few_spans(plot);
  return Drawing(drawn).markup();
}

}  // namespace hydra_provisioner::html
