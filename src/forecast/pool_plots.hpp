// What happened to a pool over time, as figures of a page.
#pragma once

#include "forecast/figures.hpp"
#include "forecast/forecast.hpp"
#include "html/markup.hpp"

namespace hydra_provisioner::forecast {

// Of a pool in both forecasts, the old one is shown by a line. Of one that is only in the old forecast, that is shown
// alone.
html::Markup plots_of(const PoolPair& pool, const Forecast* before, const Forecast& now);

}  // namespace hydra_provisioner::forecast
