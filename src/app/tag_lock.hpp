// Of all that would change the machines of one tag, one is at work at a time.
#pragma once

#include <expected>
#include <string>

#include "act/voice.hpp"
#include "io/file/lock.hpp"
#include "model/names.hpp"

namespace hydra_provisioner::app {

std::string lock_file(const std::string& state_dir, const Tag& tag);

// Makes the state directory, where that is missing. Else the exit status, after telling why.
std::expected<io::FileLock, int> lock_tag(const std::string& state_dir, const Tag& tag, act::Voice& voice);

}  // namespace hydra_provisioner::app
