// What the search for better settings of a pool found, as text.
#pragma once

#include <string>
#include <string_view>

#include "forecast/tuning.hpp"
#include "model/names.hpp"

namespace hydra_provisioner::forecast {

// A table of the front, and what is suggested, as attributes to paste.
std::string tuning_text(const PoolName& name, const Tuning& tuning, std::string_view currency);

}  // namespace hydra_provisioner::forecast
