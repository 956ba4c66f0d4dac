// Where programs are, and what they are called.
#pragma once

#include <string>

#include "model/error.hpp"

namespace hydra_provisioner::io {

// The full path of a program in PATH (or the sbin folders), or an error that says what to install. A name with a `/` is
// taken as it is.
Expected<std::string> find_program(const std::string& name);

// A program's name in messages: without its folder.
std::string base_name(const std::string& program);

}  // namespace hydra_provisioner::io
