#include "html/canvas.hpp"

#include <algorithm>
#include <array>
#include <string_view>
#include <utility>

#include <fmt/format.h>

#include "io/text/wording.hpp"

namespace hydra_provisioner::html {
namespace {

constexpr std::size_t unit_bytes_max = 20;
constexpr double widest_label = 100;

std::string_view class_of(Stroke stroke) {
  constexpr std::array<std::string_view, 4> classes{"area", "curve", "curve dashed", "curve dotted"};
  return classes.at(static_cast<std::size_t>(stroke));
}

Markup line(std::string_view css, double x1, double y1, double x2, double y2) {
  return element("line", {{"class", std::string(css)},
                          {"x1", coordinate(x1)},
                          {"y1", coordinate(y1)},
                          {"x2", coordinate(x2)},
                          {"y2", coordinate(y2)}});
}

// A line of text some lines below the place of the text element. So it stays where it belongs in every size of text.
Markup line_of_text(double x, std::string_view anchor, std::string_view lines_below, std::string_view content) {
  return element("tspan",
                 {{"x", coordinate(x)}, {"dy", std::string(lines_below)}, {"text-anchor", std::string(anchor)}},
                 text(content));
}

Markup mark_of(const LegendEntry& entry) {
  const Attributes as_area{{"class", class_of(entry.hue, entry.stroke)}, {"width", "20"}, {"height", "12"}};
  const Attributes as_line{{"class", class_of(entry.hue, entry.stroke)}, {"d", "M0 6H20"}};
  return element("svg", {{"viewBox", "0 0 20 12"}, {"aria-hidden", "true"}},
                 entry.stroke == Stroke::area ? element("rect", as_area) : element("path", as_line));
}

Markup legend_of(const std::vector<LegendEntry>& entries) {
  Markup items;
  for (const LegendEntry& entry : entries) items += element("li", mark_of(entry) + text(entry.name));
  return entries.size() < 2 ? Markup() : element("ul", {{"class", "legend"}}, items);
}

}  // namespace

Stroke stroke_of_line(std::size_t number) {
  constexpr std::array strokes{Stroke::solid, Stroke::dashed, Stroke::dotted};
  return strokes.at(number % strokes.size());
}

std::string class_of(Hue hue, Stroke stroke) {
  return fmt::format("{} hue-{}", class_of(stroke), static_cast<int>(hue));
}

ValueAxis::ValueAxis(double most, std::string unit)
    : unit_(std::move(unit)), ticks_(value_ticks(std::max(most, 0.0), unit_)) {}

double ValueAxis::y(double value) const {
  return canvas_bottom - std::clamp(value / ticks_.back().value, 0.0, 1.0) * (canvas_bottom - canvas_top);
}

Markup ValueAxis::markup() const {
  Markup axis;
  for (const ValueTick& tick : ticks_) {
    const double height = y(tick.value);
    if (tick.value > 0) axis += line("grid", canvas_left, height, canvas_right, height);
    axis += element("text", {{"y", coordinate(height)}}, line_of_text(canvas_left - 8, "end", "0.35em", tick.label));
  }
  // Ticks of durations have their own units.
  const std::string_view unit = unit_ == unit_of_durations ? "" : std::string_view(unit_);
  return axis + element("text", {{"x", "0"}, {"y", "17"}}, text(io::shortened(std::string(unit), unit_bytes_max)));
}

Markup horizontal_axis(const std::vector<AxisLabel>& labels) {
  Markup axis = line("axis", canvas_left, canvas_bottom, canvas_right, canvas_bottom);
  for (const AxisLabel& label : labels) {
    Markup lines = line_of_text(label.x, "middle", "1.1em", label.first);
    const bool would_be_cut = label.x + widest_label / 2 > canvas_width;
    if (!label.second.empty())
      lines +=
          line_of_text(would_be_cut ? canvas_width : label.x, would_be_cut ? "end" : "middle", "1.2em", label.second);
    axis += element("text", {{"y", coordinate(canvas_bottom + 4)}}, lines);
  }
  return axis;
}

Markup slice(double begin, double end, const std::string& text) {
  return element("rect",
                 {{"class", "slice"},
                  {"x", coordinate(begin)},
                  {"y", coordinate(canvas_top)},
                  {"width", coordinate(end - begin)},
                  {"height", coordinate(canvas_bottom - canvas_top)}},
                 element("title", text));
}

std::string coordinate(double value) { return fmt::format("{:.1f}", value); }

Markup markup_of(const Figure& figure) {
  const Markup caption = element("figcaption", text(figure.title) + legend_of(figure.legend));
  const Markup picture = element("svg",
                                 {{"viewBox", fmt::format("0 0 {} {}", canvas_width, canvas_height)},
                                  {"role", "img"},
                                  {"aria-label", figure.title}},
                                 element("desc", figure.description) + figure.picture);
  return element("figure", caption + picture);
}

Markup empty_figure(const std::string& title) {
  return element("figure",
                 element("figcaption", title) + element("p", {{"class", "quiet"}}, literal("nothing recorded")));
}

}  // namespace hydra_provisioner::html
