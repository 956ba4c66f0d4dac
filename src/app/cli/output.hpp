// Data on stdout.
#pragma once

#include <string>
#include <string_view>

#include "app/cli/outcome.hpp"

namespace hydra_provisioner::app {

// Writes all of it, as printable text, or fails. The failure has no message when the reader has closed the pipe
// (`| head`).
Outcome print(std::string_view text);

// For text with colours of our own, whose other parts are printable already.
Outcome print_painted(std::string_view text);

// Whether anything was written so far.
bool has_printed();

// For programs, when there are no data: `{"errors": […], "exitStatus": 64, "formatVersion": 1}`.
std::string errors_document(const Failure& failure);

}  // namespace hydra_provisioner::app
