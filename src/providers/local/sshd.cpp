#include "providers/local/sshd.hpp"

#include <chrono>
#include <cstddef>
#include <string>
#include <utility>

#include <sys/wait.h>

#include <fmt/format.h>

#include "io/file/files.hpp"
#include "io/process/detached.hpp"
#include "io/process/subprocess.hpp"
#include "providers/local/processes.hpp"
#include "providers/local/requirements.hpp"
#include "providers/serve_greeting.hpp"

namespace hydra_provisioner::providers::local {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

constexpr milliseconds start_deadline = seconds{10};
constexpr milliseconds poll_interval{10};
constexpr std::size_t log_bytes_max = std::size_t{1} << 20;

std::string log_of(const MachineFolder& folder) {
  const auto log = io::read_file(folder.sshd_log(), log_bytes_max);
  return log ? log->value_or("") : log.error().message;
}

Expected<SshdStart> after_its_end(const MachineFolder& folder) {
  const std::string log = log_of(folder);
  if (log.find("Address already in use") != std::string::npos) return SshdStart::address_taken;
  return failure(
      fmt::format("sshd did not start: {:?}; its settings: {}", io::last_meaningful_line(log), folder.sshd_config()));
}

}  // namespace

io::Task<Expected<SshdStart>> start_sshd(MachineFolder folder, io::Clock& clock) {
  const auto sshd = find_sshd();
  if (!sshd) co_return std::unexpected(sshd.error());
  // Every sshd insists on this directory, which systemd makes only for the host's own.
  if (auto made = io::make_folder("/run/sshd", 0755); !made) co_return std::unexpected(made.error());
  if (auto removed = io::remove_all(folder.sshd_log()); !removed) co_return std::unexpected(removed.error());

  // The path stands in the middle of its title, where nothing that is cut off at the end can hide it: see is_listening.
  const auto pid =
      io::spawn_detached({.argv = {*sshd, "-f", folder.sshd_config(), "-D", "-e"}, .log_file = folder.sshd_log()});
  if (!pid) co_return std::unexpected(pid.error());
  for (milliseconds waited{0}; waited < start_deadline; waited += poll_interval) {
    if (is_listening(folder)) co_return SshdStart::listening;  // it writes its process id when it listens
    if (::waitpid(*pid, nullptr, WNOHANG) == *pid) co_return after_its_end(folder);
    co_await clock.sleep_for(poll_interval);
  }
  co_return failure(fmt::format("sshd did not listen within {} s: {:?}; its log: {}", start_deadline / seconds{1},
                                io::last_meaningful_line(log_of(folder)), folder.sshd_log()),
                    ErrorKind::timed_out);
}

io::Task<Expected<void>> greet(MachineFolder folder, std::string address, std::string private_key) {
  auto greeted = co_await expect_serve_greeting(
      {.address = std::move(address), .private_key = std::move(private_key), .known_hosts = folder.known_hosts()});
  if (!greeted) greeted.error().message += "; the machine's log: " + folder.sshd_log();
  co_return greeted;
}

}  // namespace hydra_provisioner::providers::local
