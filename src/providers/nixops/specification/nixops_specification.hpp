// What NixOps makes a machine from. A machine is deployed again when that has changed, and only then.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "io/async/task.hpp"
#include "model/config.hpp"
#include "model/error.hpp"
#include "model/names.hpp"
#include "providers/nixops/specification/ingredients.hpp"

namespace hydra_provisioner::providers::nixops {

struct NixopsSpecification {
  NixopsSettings settings;
  std::string type;
  Tag tag;
  std::string own_modules;             // the folder that `<hydra-provisioner/…>` names
  std::optional<std::int64_t> slot{};  // of the one machine; none: the network takes none, or it is about all machines
};

// The entries of Nix's search path that come before the environment's; and as arguments: `-I`, ENTRY, ….
std::vector<std::string> search_path_of(const NixopsSpecification& specification);
std::vector<std::string> search_path_arguments(const std::vector<std::string>& entries);

// Whether the network is a function that names the argument `slot`.
bool takes_slot(const Recipe& recipe);

// Everything that counts, and its hash. It is found in three steps:
//
// 1. Nix evaluates the network with its arguments, as far as it can without NixOps: up to the value of `machine`. It
//    names the files that it evaluates.
// 2. In the machine's own module, which is a function, most things stay unevaluated. So Nix parses these files, and
//    paths are read from what it prints: path literals and `<name/…>`, and so on from each Nix file among them.
// 3. The hash is that of the contents of all these files, the arguments and nixPath. It does not depend on the place of
//    `own_modules`: an upgrade of this program redeploys nothing.
//
// The file names and the hash are kept in the folder `memory`. Nix runs only when one of the files has changed, or
// nixPath, or this process' NIX_PATH or HOME. So every hash belongs to a specification that has been evaluated.
//
// docs/nixops-provider.md lists what counts and what does not. In detail:
//
// - A folder counts with all its files, without `.git`. Of a folder that the naming file is in, such as `./.`, only the
//   files directly in it count, without hidden ones and `x~`, which editors make: much else may be there.
// - `./machines/${type}.nix` counts as the whole folder.
// - What does not exist counts once it exists: perhaps the expression asks for that.
// - What is found only through the environment's NIX_PATH does not count.
// - nixpkgs counts by where <nixpkgs> leads in the end (an updated channel leads elsewhere in the store), a checkout
//   also by its all-packages.nix, which nearly every update changes. Paths in /nix/store count by their names.
// - Not noticed: imports, inside of a module, of a file whose name does not end in `.nix`.
//
// An error: the expression does not exist or cannot be evaluated, a Nix file that is named does not parse, Nix is
// missing or hangs, or files keep changing.
io::Task<Expected<Recipe>> recipe_of(NixopsSpecification specification, std::string memory);

}  // namespace hydra_provisioner::providers::nixops
