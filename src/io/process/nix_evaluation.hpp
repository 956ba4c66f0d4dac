// The value of a Nix expression.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "io/async/task.hpp"
#include "io/process/subprocess.hpp"
#include "model/error.hpp"

namespace hydra_provisioner::io {

struct NixEvaluation {
  std::string json;                // the value
  std::vector<std::string> files;  // the Nix files that were evaluated, without those in /nix/store, which never change
};

// `arguments` are further ones of nix-instantiate, such as `--argstr`, `file`, `/x.nix`, for an expression that is a
// function. An error begins with `cannot be evaluated: `.
// Nix gets no store at first: it could not open this host's where it has no daemon and this is not root, or where
// /nix is read-only. An expression that needs a store (it imports what must be built, for instance) gets this host's.
Task<Expected<NixEvaluation>> evaluate_nix(std::string expression, std::vector<std::string> arguments);

// What `nix-instantiate --parse` prints of the files, one after another. That needs no store, and gets this host's only
// from Nix before 2.4, which knows no other way. An error is one of running it at all.
Task<Expected<Finished>> parse_nix(std::vector<std::string> files);

// The message of Nix and its place on one line, `undefined variable 'x' at /etc/conf.nix:3:5`, whatever the layout of
// this version of Nix; without such a message, the last line.
std::string nix_error(std::string_view errors);

// What evaluate_nix() makes of the errors that nix-instantiate printed, and of the files that it named there.
std::string cause_of_failure(int exit_status, std::string_view errors);
std::vector<std::string> evaluated_files(std::string_view errors);

// Whether Nix has gone on, only because it had no store, as if something were not there.
bool has_left_something_out(std::string_view errors);

}  // namespace hydra_provisioner::io
