// What Nix files name, as Nix's own parser sees it.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "io/async/task.hpp"
#include "model/error.hpp"

namespace hydra_provisioner::providers::nixops {

struct NamedPath {
  std::string path;       // absolute
  std::string literal{};  // of `./. + "/x.nix"` the `/x.nix`
  bool is_computed{};     // something follows that only an evaluation knows: `./machines/${type}.nix`

  friend bool operator==(const NamedPath&, const NamedPath&) = default;
};

struct NixNames {
  std::vector<NamedPath> paths;
  std::vector<std::string> searched;  // of `<conf/x.nix>` the `conf/x.nix`
};

// In an expression as `nix-instantiate --parse` prints it: without comments, its paths absolute, unquoted and in no
// other way marked. They are known by their characters, of which Nix allows only some in a literal, after a folder in
// whose name there may be any: one of `folders` or a parent of it.
NixNames names_in(std::string_view printed, const std::vector<std::string>& folders);

// In each of these files, which have absolute names. An error is about the first that does not parse.
io::Task<Expected<std::vector<NixNames>>> names_in_files(std::vector<std::string> files);

}  // namespace hydra_provisioner::providers::nixops
