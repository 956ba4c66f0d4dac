// The cause of a failure, found in what NixOps or Nix writes to stderr.
#pragma once

#include <string>
#include <string_view>

namespace hydra_provisioner::providers::nixops {

// NixOps' cause, on one line and short enough for a message: the last line of a traceback, without the name of the
// Python class; without a traceback, the last line. If that line only says that something else failed, the cause of
// that; for a failed ssh, what ssh said. Empty if there is no output.
std::string cause_of(std::string_view stderr_text);

}  // namespace hydra_provisioner::providers::nixops
