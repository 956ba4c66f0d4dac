// A forecast as text and as JSON.
#pragma once

#include <string>

#include <nlohmann/json_fwd.hpp>

#include "forecast/forecast.hpp"

namespace hydra_provisioner::forecast {

nlohmann::json forecast_document(const Forecast& forecast);
std::string forecast_text(const Forecast& forecast);

// `1 h 20 min`, `36 s`: two units at most.
std::string span_text(double seconds);
// 12.34, or null if it is not known.
nlohmann::json cost_value(std::optional<Micros> cost);
// `12.34`, or `-` if it is not known.
std::string cost_text(std::optional<Micros> cost);

}  // namespace hydra_provisioner::forecast
