// Of all that would change the machines of one tag, one is at work at a time.
#pragma once

#include <expected>
#include <string>

#include "act/voice.hpp"
#include "io/files.hpp"
#include "model/names.hpp"

namespace hydra_provisioner {

// Makes the state directory, where that is missing. Else the exit status, after telling why.
std::expected<FileLock, int> lock_tag(const std::string& state_dir, const Tag& tag, Voice& voice);

}  // namespace hydra_provisioner
