// What a program's own words give for a message.
#pragma once

#include <string>
#include <string_view>

namespace hydra_provisioner::io {

// The line in which a program is likely to name the cause: the last that begins with `error:`, because Nix draws the
// source below it, else the last that is not blank. Without control characters, and short enough for a message.
std::string last_meaningful_line(std::string_view text);

}  // namespace hydra_provisioner::io
