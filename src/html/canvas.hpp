// What all figures are drawn on: a caption with a legend, and a picture with axes and a grid.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "html/markup.hpp"
#include "html/plot.hpp"
#include "html/ticks.hpp"

namespace hydra_provisioner::html {

// In units of the picture, which is scaled to the width that there is. style.css gives text the more units the narrower
// that is, so there is room for text of up to 20 units.
inline constexpr double canvas_width = 560;
inline constexpr double canvas_height = 266;
inline constexpr double canvas_left = 74;  // of the axes
inline constexpr double canvas_right = 532;
inline constexpr double canvas_top = 38;
inline constexpr double canvas_bottom = 210;

// How a curve is drawn, and shown in the legend.
enum class Stroke : std::uint8_t { area, solid, dashed, dotted };
Stroke stroke_of_line(std::size_t number);  // of a plot

struct LegendEntry {
  std::string name;
  Hue hue;
  Stroke stroke;
};

std::string class_of(Hue hue, Stroke stroke);  // of style.css

// The axis of values with its ticks, its unit and the grid.
class ValueAxis {
 public:
  ValueAxis(double most, std::string unit);

  double y(double value) const;
  Markup markup() const;

 private:
  std::string unit_;
  std::vector<ValueTick> ticks_;
};

// In up to two lines, one below the other.
struct AxisLabel {
  double x = 0;
  std::string first;
  std::string second{};
};
Markup horizontal_axis(const std::vector<AxisLabel>& labels);

// What the pointer rests on shows this text.
Markup slice(double begin, double end, const std::string& text);

std::string coordinate(double value);  // `12.5`

struct Figure {
  std::string title;
  std::string description;          // for those who cannot see it
  std::vector<LegendEntry> legend;  // not shown of a single curve, which is what the title says
  Markup picture;
};
Markup markup_of(const Figure& figure);
Markup empty_figure(const std::string& title);  // nothing is recorded

}  // namespace hydra_provisioner::html
