// Evaluates a Nix file.
#pragma once

#include <string>
#include <vector>

#include "io/async/task.hpp"
#include "io/text/json.hpp"
#include "model/error.hpp"

namespace hydra_provisioner::config {

struct Evaluation {
  std::string json;                // the value of the file
  std::vector<std::string> files;  // the evaluated files: this one and those that it imports
};

// `file` is an absolute path. If it contains a function, that is called with `{ }`. In the value, paths and derivations
// are strings (nothing is copied to the store), and functions, which JSON does not have, are marked. The message does
// not name the file. An error of Nix follows the first line of the message, on lines of its own.
io::Task<Expected<Evaluation>> evaluate_nix_file(std::string file);

// Whether the value is the mark of a function.
bool is_function(const io::Json& value);

}  // namespace hydra_provisioner::config
