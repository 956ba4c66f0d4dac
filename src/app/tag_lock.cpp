#include "app/tag_lock.hpp"

#include <utility>

#include <fmt/format.h>

#include "app/cli/exit_status.hpp"
#include "io/file/files.hpp"
#include "model/error.hpp"

namespace hydra_provisioner::app {

std::string lock_file(const std::string& state_dir, const Tag& tag) {
  return fmt::format("{}/{}.lock", state_dir, tag);
}

std::expected<io::FileLock, int> lock_tag(const std::string& state_dir, const Tag& tag, act::Voice& voice) {
  const auto fail = [&](const Error& error) {
    voice.problem(error.message);
    return std::unexpected(exit_status::failed);
  };
  if (const auto made = io::make_folder(state_dir, 0700); !made) return fail(made.error());
  auto lock = io::FileLock::try_acquire(lock_file(state_dir, tag));
  if (!lock) return fail(lock.error());
  if (*lock) return **std::move(lock);
  voice.problem(
      fmt::format("another pass of tag {} is at work (it holds {}); nothing was done", tag, lock_file(state_dir, tag)));
  return std::unexpected(exit_status::locked);
}

}  // namespace hydra_provisioner::app
