#include "providers/nixops/first_use.hpp"

#include <cerrno>
#include <chrono>
#include <cstdlib>
#include <filesystem>
#include <string>

#include <fcntl.h>
#include <sys/file.h>

#include <fmt/format.h>

#include "io/text/wording.hpp"

namespace hydra_provisioner::providers::nixops {
namespace {

namespace fs = std::filesystem;

constexpr std::chrono::milliseconds poll_interval{20};
constexpr Seconds patience{60};
constexpr const char* default_state_file = ".nixops/deployments.nixops";

// As NixOps looks for its state file: `$NIXOPS_STATE`, `$CHARON_STATE`, `~/.nixops/deployments.nixops`.
fs::path state_file() {
  for (const char* name : {"NIXOPS_STATE", "CHARON_STATE"}) {
    const char* file = std::getenv(name);
    if (file != nullptr && *file != '\0') return fs::absolute(file);
  }
  const char* home = std::getenv("HOME");
  return fs::path(home != nullptr && *home != '\0' ? home : "/") / default_state_file;
}

// NixOps makes the folder of its default state file itself, so that one cannot be locked yet.
fs::path folder_to_lock(const fs::path& state_file) {
  std::error_code ignored;
  return fs::exists(state_file.parent_path(), ignored) && !state_file.string().ends_with(default_state_file)
             ? state_file.parent_path()
             : state_file.parent_path().parent_path();
}

// A younger one may still be in the making.
bool is_settled(const fs::path& state_file) {
  std::error_code error;
  if (fs::file_size(state_file, error) == 0 || error) return false;
  const auto written = fs::last_write_time(state_file, error);
  return !error && fs::file_time_type::clock::now() - written > patience;
}

}  // namespace

io::Task<Expected<io::Descriptor>> lock_first_use(io::Clock& clock) {
  const fs::path file = state_file();
  if (is_settled(file)) co_return io::Descriptor();
  const std::string folder = folder_to_lock(file);
  io::Descriptor descriptor(::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (!descriptor.is_open())
    co_return failure(fmt::format("the folder of NixOps' state file, {}: {}", folder, io::os_error(errno)));
  const Instant until = clock.now() + patience;
  while (::flock(descriptor.number(), LOCK_EX | LOCK_NB) != 0) {
    if (errno != EWOULDBLOCK && errno != EINTR)
      co_return failure(fmt::format("{}: cannot be locked: {}", folder, io::os_error(errno)));
    if (clock.now() >= until)
      co_return failure(fmt::format("{}: another program holds its lock", folder), ErrorKind::timed_out);
    co_await clock.sleep_for(poll_interval);
  }
  co_return descriptor;
}

}  // namespace hydra_provisioner::providers::nixops
