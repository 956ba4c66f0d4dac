// Figures: plots as SVG that need no script. Their axes have ticks and units, a grid goes through the ticks, and what
// the pointer rests on says its values.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "html/markup.hpp"
#include "model/time.hpp"

namespace hydra_provisioner::html {

// The colours of style.css. Ink is that of text.
enum class Hue : std::uint8_t { ink, blue, orange, green, purple, red, sky };

// A figure over time: a value for each of equal spans.
struct Curve {
  std::string name;
  Hue hue;
  // Of fewer than there are spans, the last ones are missing. Where it is not a number, nothing was recorded.
  std::vector<double> values;
  bool are_averages = false;  // of the spans, as those of areas always are; otherwise their highest values
};

struct Plot {
  std::string title;
  std::string unit;            // of the values: `steps`, `machines`, `EUR`; times are given in seconds, unit `s`
  Instant begin;               // of the first span
  Millis span{};               // of each value
  bool is_utc = false;         // times are UTC, as in a simulation; otherwise of this host's time zone
  std::vector<Curve> areas{};  // one on top of the other
  std::vector<Curve> lines{};  // each for itself, such as peaks
};

// More are drawn as so many, with averages of averages.
inline constexpr std::size_t spans_max = 150;

// With a legend, and sentences about its values for those who cannot see it.
Markup figure(const Plot& plot);

// How often values of which size occurred.
struct Histogram {
  std::string title;
  std::string unit{};            // of the values
  std::string counted{};         // what there are so many of: `steps`
  std::vector<Curve> of{};       // beside each other: how many values fell into each class
  std::vector<double> bounds{};  // the highest values of the classes, in the unit; the last class has none
};

Markup figure(const Histogram& histogram);

}  // namespace hydra_provisioner::html
