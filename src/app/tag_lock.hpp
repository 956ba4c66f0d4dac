// Only one process at a time changes the machines of a tag.
#pragma once

#include <cstdint>
#include <expected>
#include <optional>
#include <string>

#include "app/cli/outcome.hpp"
#include "io/file/files.hpp"
#include "io/file/lock.hpp"
#include "model/names.hpp"
#include "model/time.hpp"

namespace hydra_provisioner::app {

std::string host_name();  // of this host; `-` if it has none
std::string lock_file(const std::string& state_dir, const Tag& tag);

// Who holds it, as written in its file. None: it is free, or an older version holds it.
struct LockHolder {
  std::int64_t process = 0;
  std::string host;
  Instant since;
};
std::optional<LockHolder> holder_of_lock(const std::string& file);
std::string described(const LockHolder& holder);  // "process 7 on farm, since 2026-01-15 12:00:30"

// Makes the state directory if it is missing.
std::expected<io::FileLock, Failure> lock_tag(const std::string& state_dir, const Tag& tag);

}  // namespace hydra_provisioner::app
