// Whose journal a verb is about that names no configuration.
#pragma once

#include <string>

#include "app/cli/options.hpp"
#include "model/error.hpp"

namespace hydra_provisioner::app {

// The tag of --tag, of the machine that is asked for, or the only one there is a journal of.
Expected<std::string> choose_tag(const Options& options);

}  // namespace hydra_provisioner::app
