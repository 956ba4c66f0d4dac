// What is right in a configuration, but not what its author may think.
#pragma once

#include <string>
#include <vector>

#include "model/config.hpp"

namespace hydra_provisioner::app {

std::vector<std::string> hints_for(const Config& config);

}  // namespace hydra_provisioner::app
