#include "app/cli/options.hpp"

#include <cstdlib>
#include <filesystem>
#include <string_view>

#include <sys/stat.h>
#include <unistd.h>

namespace hydra_provisioner::app {
namespace {

constexpr const char* system_state_dir = "/var/lib/hydra-provisioner";

// That of the service, which has a user of its own: that user's orders are for the service.
bool belongs_to_this_user(const char* folder) {
  struct stat found{};
  return ::stat(folder, &found) == 0 && found.st_uid == ::geteuid();
}

std::string default_state_dir() {
  // systemd may pass several, separated by colons; the first is ours.
  if (const char* given = std::getenv("STATE_DIRECTORY"); given != nullptr && *given != '\0') {
    return std::string(given).substr(0, std::string_view(given).find(':'));
  }
  if (::geteuid() == 0 || belongs_to_this_user(system_state_dir)) return system_state_dir;
  if (const char* given = std::getenv("XDG_STATE_HOME"); given != nullptr && *given == '/') {
    return std::string(given) + "/hydra-provisioner";
  }
  const char* home = std::getenv("HOME");
  return std::string(home != nullptr ? home : "") + "/.local/state/hydra-provisioner";
}

}  // namespace

Verbosity CommonOptions::verbosity() const {
  if (is_quiet) return Verbosity::quiet;
  return is_verbose ? Verbosity::verbose : Verbosity::normal;
}

void declare_common(Arguments& arguments, CommonOptions& options) {
  arguments.option("--state-dir", "FOLDER", into(options.state_dir, Names::folder),
                   "where the journal, the logs and the local machines are");
  arguments.flag("-v,--verbose", options.is_verbose, "say more, such as why machines are kept");
  arguments.flag("-q,--quiet", options.is_quiet, "report only what goes wrong");
  arguments.option("--color", "WHEN", into(options.color), "auto, always or never; NO_COLOR=1 is never, too");
  arguments.option("--log-format", "FORMAT", into(options.log_format),
                   "of messages on stderr: text, or json, an object a line");
  arguments.check([&options]() -> Expected<void> {
    if (options.is_quiet && options.is_verbose) return failure("-q and -v exclude each other");
    if (options.state_dir.empty()) options.state_dir = default_state_dir();
    options.state_dir = std::filesystem::absolute(options.state_dir).lexically_normal();
    return {};
  });
}

}  // namespace hydra_provisioner::app
