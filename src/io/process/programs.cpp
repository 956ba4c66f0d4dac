#include "io/process/programs.hpp"

#include <algorithm>
#include <array>
#include <cstdlib>
#include <string_view>
#include <utility>

#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include "io/text/strings.hpp"

namespace hydra_provisioner::io {
namespace {

// Which package has a program that we use.
constexpr std::array<std::pair<std::string_view, std::string_view>, 6> debian_packages{{
    {"nix-instantiate", "nix-bin"},
    {"nix-store", "nix-bin"},
    {"ssh", "openssh-client"},
    {"ssh-keygen", "openssh-client"},
    {"sshd", "openssh-server"},
    {"busybox", "busybox-static"},
}};

bool is_executable_file(const std::string& path) {
  struct stat found{};
  return ::stat(path.c_str(), &found) == 0 && S_ISREG(found.st_mode) && ::access(path.c_str(), X_OK) == 0;
}

// cron's PATH has no sbin, where sshd is.
std::string search_path() {
  const char* path = std::getenv("PATH");
  return std::string(path == nullptr ? "/usr/local/bin:/usr/bin:/bin" : path) + ":/usr/local/sbin:/usr/sbin:/sbin";
}

}  // namespace

Expected<std::string> find_program(const std::string& name) {
  if (name.contains('/')) return name;
  const std::string path = search_path();
  for (const std::string_view folder : words(path, ":")) {
    std::string candidate = fmt::format("{}/{}", folder, name);
    if (is_executable_file(candidate)) return candidate;
  }
  const auto package = std::ranges::find(debian_packages, name, &std::pair<std::string_view, std::string_view>::first);
  if (package == debian_packages.end()) return failure(name + ": not found in PATH");
  return failure(fmt::format("{}: not found in PATH; install Debian's {}", name, package->second));
}

std::string base_name(const std::string& program) { return program.substr(program.rfind('/') + 1); }

}  // namespace hydra_provisioner::io
