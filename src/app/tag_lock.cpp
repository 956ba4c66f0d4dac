#include "app/tag_lock.hpp"

#include <utility>

#include <fmt/format.h>

namespace hydra_provisioner::app {

std::string lock_file(const std::string& state_dir, const Tag& tag) {
  return fmt::format("{}/{}.lock", state_dir, tag);
}

std::expected<io::FileLock, Failure> lock_tag(const std::string& state_dir, const Tag& tag) {
  if (auto made = io::make_folder(state_dir, 0700); !made) return failed(std::move(made.error()));
  if (auto own = io::expect_own_folder(state_dir); !own) return failed(std::move(own.error()));
  const std::string file = lock_file(state_dir, tag);
  auto lock = io::FileLock::try_acquire(file);
  if (!lock) return failed(std::move(lock.error()));
  if (*lock) return **std::move(lock);
  return ends_with(exit_status::locked,
                   {fmt::format("another pass of tag {} is at work (it holds {}); nothing was done", tag, file)});
}

}  // namespace hydra_provisioner::app
