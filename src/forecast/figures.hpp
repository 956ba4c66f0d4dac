// The figures of a forecast as reports show them: one below another, of one configuration or of two.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "forecast/forecast.hpp"

namespace hydra_provisioner::forecast {

struct Figure {
  std::string_view name;
  std::string_view part_of{};     // the name of the figure that it belongs to; empty: none
  std::optional<double> value{};  // none: not known
  std::string text{};
  std::string_view currency{};  // of a cost

  std::string full_name() const;  // `wait, p95`
};

// Always in the same order. Of a sum of pools, those that are not known of it are left out.
std::vector<Figure> figures_of(const PoolForecast& pool, std::string_view currency);
std::vector<Figure> figures_of_sum(const PoolForecast& sum, std::string_view currency);

// All pools together.
PoolForecast total_of(const Forecast& forecast);

// A pool of one or both of two forecasts. Null: that one lacks it.
struct PoolPair {
  PoolName name{};
  const PoolForecast* before = nullptr;
  const PoolForecast* now = nullptr;
};

// By name. Without an old configuration, all are only of the new one.
std::vector<PoolPair> pools_of(const Forecast* before, const Forecast& now);

// The same figure of both. One of them may lack it.
struct FigurePair {
  std::optional<Figure> before{};
  std::optional<Figure> now{};

  const Figure& any() const { return now ? *now : *before; }
  std::string change() const;  // `−44.0 %`, `×12`; empty: there is none, or no share says it
};

// Without those of rare events that did not happen.
std::vector<FigurePair> pairs_of(const std::vector<Figure>& before, const std::vector<Figure>& now);
std::vector<FigurePair> pairs_of(const PoolPair& pool, std::string_view currency_before, std::string_view currency);

// `1 h 20 min`, `36 s`: two units at most.
std::string span_text(double seconds);
// `12.34 EUR`, or `-` if it is not known.
std::string cost_text(std::optional<Micros> cost, std::string_view currency);

}  // namespace hydra_provisioner::forecast
