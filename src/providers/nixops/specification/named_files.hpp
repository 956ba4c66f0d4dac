// The files that Nix files name, as Nix's own parser sees them.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "io/async/task.hpp"
#include "io/text/json.hpp"
#include "model/error.hpp"
#include "providers/nixops/specification/ingredients.hpp"

namespace hydra_provisioner::providers::nixops {

// An entry of Nix's search path.
struct SearchEntry {
  std::string prefix;         // empty: anything may be in it
  std::string place;          // a folder, a file, or a URL
  bool is_configured = true;  // false: it comes from the environment, after all that are configured
};

// As Nix gives it: a list of pairs, of a prefix and a path. The first `configured` entries are those of `-I`.
Expected<std::vector<SearchEntry>> read_search_path(const io::Json& json, std::size_t configured);

struct NamedFilesQuestion {
  std::string expression;
  std::vector<std::string> evaluated;  // files to begin with, the expression among them
  std::vector<SearchEntry> search_path;
  OwnModules own_modules;
};

// From those files to all that they name, what that names, and so on. An error is about a file that is named and does
// not parse. A file that only lies in a folder need not be Nix.
io::Task<Expected<Ingredients>> named_files(NamedFilesQuestion question);

struct NamedPath {
  std::string path;       // absolute
  std::string literal{};  // of `./. + "/x.nix"` the `/x.nix`
  bool is_computed{};     // only an evaluation knows how it goes on: `./machines/${type}.nix`

  friend bool operator==(const NamedPath&, const NamedPath&) = default;
};

struct NixNames {
  std::vector<NamedPath> paths;
  std::vector<std::string> searched;  // of `<conf/x.nix>` the `conf/x.nix`
};

// In an expression as `nix-instantiate --parse` prints it: without comments, and with absolute paths that have no
// quotes. A path ends at the first character that Nix does not allow in a path literal. The folder that it begins with,
// one of `folders` or a parent of one, may have any name.
NixNames names_in(std::string_view printed, const std::vector<std::string>& folders);

}  // namespace hydra_provisioner::providers::nixops
