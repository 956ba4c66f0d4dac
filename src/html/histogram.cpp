#include <algorithm>
#include <cmath>
#include <cstddef>
#include <string_view>

#include <fmt/format.h>

#include "html/canvas.hpp"
#include "html/plot.hpp"
#include "html/ticks.hpp"

namespace hydra_provisioner::html {
namespace {

double count_in(const Curve& curve, std::size_t place) {
  return place < curve.values.size() && std::isfinite(curve.values[place]) ? curve.values[place] : 0;
}

double sum_of(const Curve& curve) {
  double sum = 0;
  for (std::size_t i = 0; i < curve.values.size(); ++i) sum += count_in(curve, i);
  return sum;
}

class Bars {
 public:
  explicit Bars(const Histogram& histogram)
      : histogram_(histogram), classes_(histogram.bounds.size() + 1), counts_(most(), histogram.counted) {}

  Markup markup() const {
    Markup picture = counts_.markup();
    for (std::size_t i = 0; i < classes_; ++i) picture += bars_of(i);
    picture += horizontal_axis(labels());
    for (std::size_t i = 0; i < classes_; ++i) picture += slice(x(i, 0), x(i, 1), text_of_class(i, "\n"));
    return markup_of({.title = histogram_.title, .description = description(), .legend = legend(), .picture = picture});
  }

 private:
  double most() const {
    double most = 0;
    for (std::size_t i = 0; i < classes_; ++i) {
      for (const Curve& curve : histogram_.of) most = std::max(most, count_in(curve, i));
    }
    return most;
  }

  // At this part of the room of the class.
  double x(std::size_t of_class, double part) const {
    return canvas_left +
           (canvas_right - canvas_left) * (static_cast<double>(of_class) + part) / static_cast<double>(classes_);
  }

  Markup bars_of(std::size_t of_class) const {
    constexpr double margin = 0.12;
    const double width = (1 - 2 * margin) / static_cast<double>(histogram_.of.size());
    Markup bars;
    for (std::size_t i = 0; i < histogram_.of.size(); ++i) {
      const double begin = x(of_class, margin + width * static_cast<double>(i));
      const double end = x(of_class, margin + width * static_cast<double>(i + 1));
      const double top = counts_.y(count_in(histogram_.of[i], of_class));
      bars += element("rect", {{"class", class_of(histogram_.of[i].hue, Stroke::area)},
                               {"x", coordinate(begin)},
                               {"y", coordinate(top)},
                               {"width", coordinate(end - begin)},
                               {"height", coordinate(canvas_bottom - top)}});
    }
    return bars;
  }

  // `≤5 min`
  std::string name_of(std::size_t of_class) const {
    if (histogram_.bounds.empty()) return "all";
    const bool is_last = of_class == histogram_.bounds.size();
    const double bound = is_last ? histogram_.bounds.back() : histogram_.bounds[of_class];
    if (bound == 0 && !is_last) return "0";
    return (is_last ? ">" : "≤") + axis_text(bound, histogram_.unit);
  }

  // Its unit stands below the number.
  std::vector<AxisLabel> labels() const {
    std::vector<AxisLabel> labels;
    for (std::size_t i = 0; i < classes_; ++i) {
      const std::string name = name_of(i);
      const std::size_t blank = std::min(name.find(' '), name.size());
      labels.push_back({x(i, 0.5), name.substr(0, blank), name.substr(std::min(blank + 1, name.size()))});
    }
    return labels;
  }

  std::string text_of_class(std::size_t of_class, std::string_view separator) const {
    std::string text = name_of(of_class);
    for (const Curve& curve : histogram_.of) {
      const double count = count_in(curve, of_class);
      const double sum = sum_of(curve);
      text += fmt::format("{}{}: {} ({:.1f} %)", separator, curve.name, value_text(count, histogram_.counted),
                          sum > 0 ? 100 * count / sum : 0);
    }
    return text;
  }

  std::string description() const {
    std::string text = fmt::format("Number of {} in each class.", histogram_.counted);
    for (std::size_t i = 0; i < classes_; ++i) text += " " + text_of_class(i, ", ") + ".";
    return text;
  }

  std::vector<LegendEntry> legend() const {
    std::vector<LegendEntry> entries;
    entries.reserve(histogram_.of.size());
    for (const Curve& curve : histogram_.of) entries.push_back({curve.name, curve.hue, Stroke::area});
    return entries;
  }

  const Histogram& histogram_;
  std::size_t classes_;
  ValueAxis counts_;
};

}  // namespace

Markup figure(const Histogram& histogram) {
  const bool has_any = std::ranges::any_of(histogram.of, [](const Curve& curve) { return sum_of(curve) > 0; });
  return has_any ? Bars(histogram).markup() : empty_figure(histogram.title);
}

}  // namespace hydra_provisioner::html
