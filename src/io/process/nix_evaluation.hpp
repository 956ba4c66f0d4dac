// The value of a Nix expression.
#pragma once

#include <string>
#include <vector>

#include "io/async/task.hpp"
#include "model/error.hpp"

namespace hydra_provisioner::io {

struct NixEvaluation {
  std::string json;                // the value
  std::vector<std::string> files;  // the Nix files that were evaluated, without those in /nix/store, which never change
};

// `arguments` are further ones of nix-instantiate, such as `--argstr`, `file`, `/x.nix`, for an expression that is a
// function. An error begins with `cannot be evaluated: `; when Nix itself reports it, Nix's own lines follow.
Task<Expected<NixEvaluation>> evaluate_nix(std::string expression, std::vector<std::string> arguments);

}  // namespace hydra_provisioner::io
