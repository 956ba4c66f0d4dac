// The value of a Nix file.
#pragma once

#include <string>

#include "io/async/task.hpp"
#include "io/process/nix_evaluation.hpp"
#include "io/text/json.hpp"
#include "model/error.hpp"

namespace hydra_provisioner::config {

// `file` is absolute; a function in it is called with `{ }`. In the value, paths and derivations are strings (nothing
// is copied to the store), and functions, which JSON cannot show, are marked. The message leaves out the file's name.
io::Task<Expected<io::NixEvaluation>> evaluate_nix_file(std::string file);

// Whether a function stood there.
bool is_function(const io::Json& value);

}  // namespace hydra_provisioner::config
