// What the configuration would have meant for the steps that this farm's passes saw: what `simulate --since` shows.
#pragma once

#include <string>

#include "io/listener.hpp"
#include "model/config.hpp"

namespace hydra_provisioner::app::pages {

// The query says since when.
io::Page simulate_page(const Config& config, const std::string& state_dir, const io::Request& request, bool as_json);

}  // namespace hydra_provisioner::app::pages
