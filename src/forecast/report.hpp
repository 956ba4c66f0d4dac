// A forecast as text and as JSON.
#pragma once

#include <optional>
#include <string>

#include <nlohmann/json_fwd.hpp>

#include "forecast/forecast.hpp"

namespace hydra_provisioner::forecast {

nlohmann::json forecast_document(const Forecast& forecast);
std::string forecast_text(const Forecast& forecast);

// Two configurations for the same trace beside each other, in lines of at most 80 columns.
std::string comparison_text(const Forecast& before, const Forecast& now);

// 12.34, or null if it is not known.
nlohmann::json cost_value(std::optional<Micros> cost);

}  // namespace hydra_provisioner::forecast
