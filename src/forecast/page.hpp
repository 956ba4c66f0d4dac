// A forecast as one self-contained HTML page, with plots of queue, machines and cost over time.
#pragma once

#include <string>

#include "forecast/forecast.hpp"

namespace hydra_provisioner::forecast {

std::string forecast_page(const Forecast& forecast);

}  // namespace hydra_provisioner::forecast
