// The value of a Nix file.
#pragma once

#include <string>
#include <vector>

#include "io/async/task.hpp"
#include "io/text/json.hpp"
#include "model/error.hpp"

namespace hydra_provisioner::config {

// `file` is absolute; a function in it is called with `{ }`. In the value, paths and derivations are strings (nothing
// is copied to the store), and functions, which JSON cannot show, are marked. The message says neither which file it is
// about nor is it on one line when it is Nix's own: then the lines are Nix's, after a first one of ours.
struct Evaluation {
  std::string json;                // its value
  std::vector<std::string> files;  // that were evaluated: this one, and what it imports
};
io::Task<Expected<Evaluation>> evaluate_nix_file(std::string file);

// Whether a function stood there.
bool is_function(const io::Json& value);

}  // namespace hydra_provisioner::config
