// The `nixops.nix` files that NixOps 2 is run with. It stores no expression, evaluates the file of its folder before
// every command, first without arguments, and wants to be told where its state is.
#pragma once

#include <string>

#include "model/names.hpp"

namespace hydra_provisioner::providers::nixops {

// To deploy machines of one type: the user's own expression (an absolute path), which may be written for NixOps 1.
std::string wrapper_network(const std::string& expression, const std::string& type, const Tag& tag);

// For all other commands: they then work whatever became of the user's expression, and without nixpkgs.
std::string management_network();

}  // namespace hydra_provisioner::providers::nixops
