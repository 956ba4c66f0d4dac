// Data on stdout.
#pragma once

#include <string_view>

#include "app/cli/outcome.hpp"

namespace hydra_provisioner::app {

// Writes all of it or fails. The failure has no message when the reader has closed the pipe (`| head`).
Outcome print(std::string_view text);

}  // namespace hydra_provisioner::app
