// Nix as text: string literals, as NixOps stores the arguments of a deployment, and the `nixops.nix` files that NixOps
// 2 is run with.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "model/names.hpp"

namespace hydra_provisioner::providers::nixops {

// The text of the literal: of `"a\"b\n"` the four characters. No value for all but a single `"…"` without
// interpolation: the value of other expressions only Nix can tell.
std::optional<std::string> decode_nix_string(std::string_view literal);

// The literal of any text that Nix can hold, which is any without NUL.
std::string nix_string(std::string_view text);

// NixOps 2 stores no expression. Before every command it evaluates the `nixops.nix` of its folder, first without
// arguments, and that file must say where the state is.
//
// To deploy machines of one type. `expression` is the user's file (an absolute path), perhaps written for NixOps 1.
std::string wrapper_network(const std::string& expression, const std::string& type, const Tag& tag);

// For all other commands. They work without nixpkgs, and when the user's expression is broken.
std::string management_network();

}  // namespace hydra_provisioner::providers::nixops
