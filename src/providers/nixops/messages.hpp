// What went wrong, out of what NixOps says on stderr.
#pragma once

#include <string>
#include <string_view>

namespace hydra_provisioner::providers::nixops {

// On one line and short enough for a message: the last line of a traceback without the name of the Python class, or the
// last line at all. Where that only says that something else failed, that cause; for a failed ssh, what ssh said.
// Empty when nothing was said.
std::string cause_of(std::string_view stderr_text);

}  // namespace hydra_provisioner::providers::nixops
