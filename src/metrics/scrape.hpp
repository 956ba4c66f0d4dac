// The metrics as text, as Prometheus reads it.
#pragma once

#include <string>

#include "metrics/families.hpp"

namespace hydra_provisioner::metrics {

std::string scrape(const Farm& farm);

}  // namespace hydra_provisioner::metrics
