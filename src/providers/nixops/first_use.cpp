#include "providers/nixops/first_use.hpp"

#include <cerrno>
#include <chrono>
#include <cstdlib>
#include <filesystem>
#include <string>

#include <fcntl.h>
#include <sys/file.h>

#include <fmt/format.h>

#include "io/wording.hpp"

namespace hydra_provisioner {
namespace {

constexpr std::chrono::milliseconds poll_interval{20};
constexpr Seconds patience{60};

// As NixOps looks for its state file: `$NIXOPS_STATE`, `$CHARON_STATE`, `~/.nixops/deployments.nixops`.
std::string folder_of_state() {
  for (const char* name : {"NIXOPS_STATE", "CHARON_STATE"}) {
    const char* file = std::getenv(name);
    if (file != nullptr && *file != '\0') return std::filesystem::absolute(file).parent_path();
  }
  const char* home = std::getenv("HOME");
  return home != nullptr && *home != '\0' ? home : "/";
}

}  // namespace

Task<Expected<Descriptor>> lock_first_use(Clock& clock) {
  const std::string folder = folder_of_state();
  Descriptor descriptor(::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (!descriptor.is_open())
    co_return failure(fmt::format("the folder of NixOps' state file, {}: {}", folder, os_error(errno)));
  const Instant until = clock.now() + patience;
  while (::flock(descriptor.number(), LOCK_EX | LOCK_NB) != 0) {
    if (errno != EWOULDBLOCK && errno != EINTR)
      co_return failure(fmt::format("{}: cannot be locked: {}", folder, os_error(errno)));
    if (clock.now() >= until)
      co_return failure(fmt::format("{}: another program holds its lock", folder), ErrorKind::timed_out);
    co_await clock.sleep_for(poll_interval);
  }
  co_return descriptor;
}

}  // namespace hydra_provisioner
