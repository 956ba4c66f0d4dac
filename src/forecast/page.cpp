#include "forecast/page.hpp"

#include <algorithm>
#include <chrono>
#include <iterator>
#include <ranges>
#include <string_view>
#include <utility>

#include <fmt/chrono.h>
#include <fmt/format.h>

#include "forecast/report.hpp"

namespace hydra_provisioner::forecast {
namespace {

constexpr double width = 900;
constexpr double height = 160;
constexpr double margin = 60;

constexpr std::string_view head = R"(<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<title>hydra-provisioner simulate</title>
<style>
body { font: 15px/1.5 sans-serif; max-width: 1020px; margin: 2em auto; padding: 0 1em; color: #222; background: #fff; }
h2 { border-bottom: 1px solid #ccc; margin-top: 2em; }
pre { background: #f6f6f6; padding: 1em; overflow: auto; }
figure { margin: 1em 0; }
svg { width: 100%; height: auto; }
text { font: 12px sans-serif; fill: #555; }
.axis { stroke: #999; }
.key { display: inline-block; width: 1em; height: 1em; vertical-align: -2px; margin: 0 .3em 0 1em; }
</style>
</head>
<body>
<h1>What the configuration would have meant</h1>
)";

struct Layer {
  std::string_view name;
  std::string_view color;
  Curve curve;
};

std::string escaped(std::string_view text) {
  std::string safe;
  for (const char c : text) {
    if (c == '&')
      safe += "&amp;";
    else if (c == '<')
      safe += "&lt;";
    else
      safe += c;
  }
  return safe;
}

std::string date_text(Instant time) { return fmt::format("{:%Y-%m-%d %H:%M} UTC", time); }

double most_of(const std::vector<Layer>& layers) {
  double most = 0;
  for (const Layer& layer : layers) {
    for (const double value : layer.curve) most = std::max(most, value);
  }
  return most;
}

// Each layer stands on the one before it.
std::vector<Layer> stacked(std::vector<Layer> layers) {
  std::size_t length = 0;
  for (const Layer& layer : layers) length = std::max(length, layer.curve.size());
  Curve sum(length);
  for (Layer& layer : layers) {
    layer.curve.resize(length);
    for (std::size_t i = 0; i < length; ++i) layer.curve[i] = sum[i] += layer.curve[i];
  }
  return layers;
}

std::string area(const Layer& layer, double most) {
  std::string path = fmt::format(R"(<path fill="{}" d="M{:.1f} {:.1f})", layer.color, margin, height);
  const double step = width / static_cast<double>(std::max<std::size_t>(layer.curve.size(), 1));
  double x = margin;
  for (const double value : layer.curve) {
    const double y = height - value / most * (height - 10);
    fmt::format_to(std::back_inserter(path), "L{:.1f} {:.1f}H{:.1f}", x, y, x + step);
    x += step;
  }
  return path + fmt::format(R"(V{:.1f}Z"/>)", height) + "\n";
}

std::string plot(std::string_view title, std::vector<Layer> layers, const Forecast& forecast) {
  layers = stacked(std::move(layers));
  const double most = std::max(most_of(layers), 1e-9);
  const auto length = layers.empty() ? 0 : std::ssize(layers.front().curve);
  const Instant end = forecast.begin + std::chrono::floor<Seconds>(forecast.span_of_curves * length);
  std::string keys;
  for (const Layer& layer : layers)
    keys += fmt::format(R"(<span class="key" style="background:{}"></span>{})", layer.color, layer.name);
  std::string text = fmt::format("<figure><figcaption><b>{}</b>{}</figcaption>\n", title, keys);
  text +=
      fmt::format(R"(<svg viewBox="0 0 {} {}" role="img" aria-label="{}">)", width + margin + 10, height + 22, title);
  // The highest first, because lower ones cover it.
  for (const Layer& layer : std::views::reverse(layers)) text += area(layer, most);
  text += fmt::format(R"(<line class="axis" x1="{0}" y1="{1}" x2="{2}" y2="{1}"/>)", margin, height, margin + width);
  text += fmt::format(R"(<text x="{0}" y="16" text-anchor="end">{1:.4g}</text>)", margin - 6, most);
  text += fmt::format(R"(<text x="{0}" y="{1}" text-anchor="end">0</text>)", margin - 6, height);
  text += fmt::format(R"(<text x="{}" y="{}">{}</text>)", margin, height + 16, date_text(forecast.begin));
  text +=
      fmt::format(R"(<text x="{}" y="{}" text-anchor="end">{}</text>)", margin + width, height + 16, date_text(end));
  return text + "</svg></figure>\n";
}

// What had been paid by each time: in money if the price is known, otherwise in machine-hours.
Curve paid_by_then(const PoolForecast& pool, Millis span) {
  const std::vector<Layer> all = stacked(
      {{"", "", pool.machines[0]}, {"", "", pool.machines[1]}, {"", "", pool.machines[2]}, {"", "", pool.machines[3]}});
  Curve curve = all.back().curve;
  double sum = 0;
  for (double& value : curve) value = sum += value * hours_in(span);
  if (!pool.cost || sum <= 0) return curve;
  for (double& value : curve) value *= units_in(*pool.cost) / sum;
  return curve;
}

std::string plots_of(const PoolForecast& pool, const Forecast& forecast) {
  return plot("Steps that wait", {{"waiting", "#c0504d", pool.waiting}}, forecast) +
         plot("Machines",
              {{"busy", "#4f9d69", pool.machines[static_cast<std::size_t>(Phase::busy)]},
               {"idle", "#f2c14e", pool.machines[static_cast<std::size_t>(Phase::idle)]},
               {"boot", "#5b8fd0", pool.machines[static_cast<std::size_t>(Phase::boot)]},
               {"drain", "#9a8c98", pool.machines[static_cast<std::size_t>(Phase::drain)]}},
              forecast) +
         plot(pool.cost ? "Cost so far" : "Machine-hours so far",
              {{"paid", "#6c757d", paid_by_then(pool, forecast.span_of_curves)}}, forecast);
}

}  // namespace

std::string forecast_page(const Forecast& forecast) {
  std::string text(head);
  text += "<pre>" + escaped(forecast_text(forecast)) + "</pre>\n";
  for (const auto& [name, pool] : forecast.pools)
    text += fmt::format("<h2>{}</h2>\n{}", escaped(name.text), plots_of(pool, forecast));
  return text + "</body>\n</html>\n";
}

}  // namespace hydra_provisioner::forecast
