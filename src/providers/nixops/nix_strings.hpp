// Nix's string literals, as NixOps stores the arguments of a deployment.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace hydra_provisioner::providers::nixops {

// What the literal means: of `"a\"b\n"` the four characters. No value for anything else than one `"…"` without
// interpolation: it may be a Nix expression all the same, but only Nix can tell its value.
std::optional<std::string> decode_nix_string(std::string_view literal);

// The literal of any text that Nix can hold, which is any without NUL.
std::string nix_string(std::string_view text);

}  // namespace hydra_provisioner::providers::nixops
