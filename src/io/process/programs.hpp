// Programs: where they are, and their names in messages.
#pragma once

#include <string>

#include "model/error.hpp"

namespace hydra_provisioner::io {

// The full path of a program in PATH or the sbin folders, or an error that says what to install. A name with a `/` is
// returned unchanged.
Expected<std::string> find_program(const std::string& name);

// A program's name without its folder, for messages.
std::string base_name(const std::string& program);

}  // namespace hydra_provisioner::io
