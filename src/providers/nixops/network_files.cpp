#include "providers/nixops/network_files.hpp"

#include <fmt/format.h>

#include "providers/nixops/nix_strings.hpp"

namespace hydra_provisioner::providers::nixops {

// `/. + "…"` is a path, whatever it holds, and Nix names the user's file in its errors. A network's own storage counts
// only when it is the legacy one too: all other commands look nowhere else, and a machine that they do not find is
// lost.
std::string wrapper_network(const std::string& expression, const std::string& type, const Tag& tag) {
  return fmt::format(R"(# Written by hydra-provisioner, for NixOps 2. What it deploys is {path}.
{{ type ? {type}, tag ? {tag}, ... }}@args:
let
  expression = import (/. + {path});
  network = if builtins.isFunction expression then expression ({{ inherit type tag; }} // args) else expression;
in
network // {{
  network = (network.network or {{ }}) // {{
    storage.legacy = network.network.storage.legacy or {{ }};
  }};
}}
)",
                     fmt::arg("path", nix_string(expression)), fmt::arg("type", nix_string(type)),
                     fmt::arg("tag", nix_string(tag.text)));
}

// Where a network brings no nixpkgs, NixOps imports <nixpkgs>; of it, these commands use lib.fold alone.
std::string management_network() {
  return R"(# Written by hydra-provisioner, for the commands of NixOps 2 that deploy nothing.
{
  network.storage.legacy = { };
  network.nixpkgs.lib.fold = op: nul: list:
    let fold = n: if n == builtins.length list then nul else op (builtins.elemAt list n) (fold (n + 1));
    in fold 0;
}
)";
}

}  // namespace hydra_provisioner::providers::nixops
