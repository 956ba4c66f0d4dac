// Only one process at a time changes the machines of a tag.
#pragma once

#include <expected>
#include <string>

#include "app/cli/outcome.hpp"
#include "io/file/lock.hpp"
#include "model/names.hpp"

namespace hydra_provisioner::app {

std::string lock_file(const std::string& state_dir, const Tag& tag);

// Makes the state directory if it is missing.
std::expected<io::FileLock, Failure> lock_tag(const std::string& state_dir, const Tag& tag);

}  // namespace hydra_provisioner::app
