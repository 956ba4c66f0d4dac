#include "io/process/detached.hpp"

#include <cerrno>
#include <filesystem>
#include <utility>

#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include "io/async/waypoint.hpp"
#include "io/file/descriptor.hpp"
#include "io/process/programs.hpp"
#include "io/process/spawn.hpp"
#include "io/text/wording.hpp"

namespace hydra_provisioner::io {
namespace {

ServiceManager this_host() {
  std::error_code ignored;
  return {.is_systemd = std::filesystem::is_directory("/run/systemd/system", ignored),  // as sd_booted(3) does
          .lets_us_make_scopes = ::geteuid() == 0,
          .has_systemd_run = find_program("systemd-run").has_value()};
}

Expected<Descriptor> open_output(const std::string& path) {
  const char* const file = path.empty() ? "/dev/null" : path.c_str();
  Descriptor log(::open(file, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0640));
  if (!log.is_open()) return failure(fmt::format("cannot write {}: {}", file, os_error(errno)));
  return log;
}

}  // namespace

Expected<pid_t> spawn_detached(const DetachedCommand& command) {
  if (command.argv.empty()) return failure("a command without a program");
  // Looked up here, because an error of systemd-run would only be in the log.
  const Expected<std::string> program = find_program(command.argv.front());
  if (!program) return std::unexpected(program.error());
  const Expected<Descriptor> log = open_output(command.log_file);
  if (!log) return std::unexpected(log.error());

  Inheritance inheritance;
  inheritance.give_null(STDIN_FILENO);
  inheritance.give(log->number(), STDOUT_FILENO);
  inheritance.give(log->number(), STDERR_FILENO);
  // After the log, whose own number may be 3.
  const bool inherits = command.inherited_descriptor >= 0;
  if (inherits) inheritance.give(command.inherited_descriptor, 3);
  inheritance.nothing_else_from(inherits ? 4 : 3);

  waypoint("detached.before-start");
  auto started = spawn(in_own_scope(command.argv, this_host()), command.environment, inheritance, Group::session);
  waypoint("detached.after-start");
  return started;
}

std::vector<std::string> in_own_scope(std::vector<std::string> argv, const ServiceManager& host) {
  if (!host.is_systemd || !host.lets_us_make_scopes || !host.has_systemd_run) return argv;
  const auto prefix = {"systemd-run", "--scope", "--quiet", "--collect", "--"};
  argv.insert(argv.begin(), prefix.begin(), prefix.end());
  return argv;
}

}  // namespace hydra_provisioner::io
