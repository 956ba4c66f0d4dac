// What a deployment is made from, so that it is deployed again when that has changed, and only then.
#pragma once

#include <string>

#include "io/async/task.hpp"
#include "model/config.hpp"
#include "model/error.hpp"
#include "model/names.hpp"

namespace hydra_provisioner::providers::nixops {

// What a deployment of this type is made from, as a hash: the expression with every file that it names, its arguments
// and nixPath. Another hash means that it must be deployed again.
//
// Evaluating a network takes seconds and needs nixpkgs, so the files are found by parsing (with Nix): those that a path
// literal or `<name/…>` names, and so on from each Nix file among them. `own_modules` is the folder that
// `<hydra-provisioner/…>` names; where it is does not matter, so that an upgrade of this program redeploys nothing.
//
// Noticed:
// - `./a.nix`, `import ./b`, `<conf/x.nix>`, `./. + "/x.nix"`, `builtins.readFile ./key.pub`, symbolic links' targets;
// - a folder, as in `src = ./scripts`: its files, `.git` left out. Of `./.` and `..`, in which the expression itself
//   is, only the files directly in them (no hidden ones and no `x~`, which editors make): next to an expression lies
//   much that does not concern it;
// - `./machines/${type}.nix`: as if the whole folder were named;
// - what does not exist, once it does: it may be meant so;
// - another nixpkgs: where <nixpkgs> leads to in the end (an updated channel leads elsewhere in the store), and of a
//   checkout its all-packages.nix, which nearly every update changes. The same goes for a checkout of another name.
//   What is in /nix/store never changes, so its path says it all;
// - channel:… and https://… by that text, since fetching is Nix's business.
//
// Not noticed: what a fetcher brings, unless its URL or hash changes; files named by strings ("/root/key", or
// "${toString ../.}/x"); what is changed within a checkout of nixpkgs; imports of a file whose name does not end in
// `.nix`; the nix-path of nix.conf. Comments and white space do count.
//
// An error: the expression does not exist, or a Nix file that is named does not parse
// (`/etc/farm/deployment.nix:3:5: syntax error, unexpected '}'`), or Nix is missing or hangs.
io::Task<Expected<std::string>> specification_of(NixopsSettings settings, std::string type, Tag tag,
                                                 std::string own_modules);

}  // namespace hydra_provisioner::providers::nixops
