// Data on stdout.
#pragma once

#include <string_view>

#include "app/cli/outcome.hpp"

namespace hydra_provisioner::app {

// Writes all of it, as printable text, or fails. The failure has no message when the reader has closed the pipe
// (`| head`).
Outcome print(std::string_view text);

// For text with colours of our own, whose other parts are printable already.
Outcome print_painted(std::string_view text);

}  // namespace hydra_provisioner::app
