#include "providers/local/processes.hpp"

#include <algorithm>
#include <chrono>
#include <csignal>
#include <filesystem>
#include <optional>
#include <set>
#include <string>
#include <system_error>
#include <utility>
#include <vector>

#include <sys/stat.h>
#include <sys/wait.h>

#include <fmt/format.h>

#include "io/file/files.hpp"
#include "io/process/processes.hpp"
#include "io/text/strings.hpp"
#include "providers/local/build_users.hpp"

namespace hydra_provisioner::providers::local {
namespace {

namespace fs = std::filesystem;
using std::chrono::milliseconds;
using std::chrono::seconds;

constexpr milliseconds process_poll_interval{20};
constexpr milliseconds sigkill_after = seconds{3};
constexpr milliseconds deadline = seconds{10};
using FileIdentity = std::pair<dev_t, ino_t>;

std::optional<FileIdentity> identity(const std::string& path) {
  struct stat found{};
  if (::stat(path.c_str(), &found) != 0) return std::nullopt;
  return FileIdentity{found.st_dev, found.st_ino};
}

// The root directories of the builds in the machine's store: `STORE/nix/store/NAME.drv.chroot`, in newer versions of
// Nix the directory `root` in it.
std::set<FileIdentity> roots_of_builds(const MachineFolder& folder) {
  std::set<FileIdentity> roots;
  const std::string store = folder.store() + "/nix/store";
  for (const std::string& name : io::names_in(store).value_or(std::vector<std::string>{})) {
    if (!name.ends_with(".chroot")) continue;
    const std::string path = fmt::format("{}/{}", store, name);
    for (const std::string& root : {path, path + "/root"}) {
      if (const auto found = identity(root)) roots.insert(*found);
    }
  }
  return roots;
}

// What shows that a process belongs to the machine. Its parent does not matter.
struct Marks {
  std::string log;
  std::string assignment;
  std::set<FileIdentity> roots;
  Uids uids;  // none if unknown

  explicit Marks(const MachineFolder& folder)
      : log(folder.sshd_log()),
        assignment(fmt::format("{}={}", machine_variable, folder.path)),
        roots(roots_of_builds(folder)),
        uids(uids_of(folder).value_or(std::nullopt).value_or(Uids{})) {}

  bool are_on(pid_t pid) const {
    std::error_code error;
    if (fs::read_symlink(fmt::format("/proc/{}/fd/2", pid), error) == log) return true;
    return io::has_in_environment(pid, assignment) || are_of_a_build_on(pid);
  }

  bool are_of_a_build_on(pid_t pid) const {
    if (uids.contains(io::user_of(pid).value_or(0))) return true;
    if (roots.empty()) return false;
    const auto root = identity(fmt::format("/proc/{}/root", pid));
    return root && roots.contains(*root);
  }
};

bool descends_from(const io::Processes& ours, const io::Processes& all, pid_t pid) {
  // Processes may change while we read, but no process can have more ancestors than there are processes.
  for (std::size_t step = 0; step < all.size(); ++step) {
    const auto process = all.find(pid);
    if (process == all.end()) return false;
    pid = process->second.parent;
    if (ours.contains(pid)) return true;
  }
  return false;
}

// The processes of the machine that run now. A known one still belongs to the machine after its parent has ended.
io::Processes find_processes(const MachineFolder& folder, const io::Processes& known) {
  const Marks marks(folder);
  const io::Processes all = io::all_processes();
  io::Processes ours;
  for (const auto& [pid, process] : all) {
    const auto before = known.find(pid);
    const bool was_ours = before != known.end() && before->second.started == process.started;
    if (was_ours || marks.are_on(pid)) ours.emplace(pid, process);
  }
  io::Processes descendants;
  for (const auto& [pid, process] : all) {
    if (!ours.contains(pid) && descends_from(ours, all, pid)) descendants.emplace(pid, process);
  }
  ours.merge(descendants);
  return ours;
}

}  // namespace

std::optional<pid_t> listener_of(const MachineFolder& folder) {
  const auto file = io::read_file(folder.sshd_pid(), 64);
  return file && *file ? io::process_id(io::first_line(**file)) : std::nullopt;
}

bool is_listening(const MachineFolder& folder) {
  const auto pid = listener_of(folder);
  if (!pid) return false;
  // The listener's title keeps its arguments: `sshd: /usr/sbin/sshd -f CONFIG -D -e [listener] 0 of 1000-1000
  // startups`.
  return io::command_line(*pid).find(fmt::format(" -f {} ", folder.sshd_config())) != std::string::npos;
}

Remains remains_of(const MachineFolder& folder) {
  const io::Processes ours = find_processes(folder, {});
  if (ours.empty()) return Remains::nothing;
  const Marks marks(folder);
  const bool builds =
      std::ranges::any_of(ours, [&](const auto& entry) { return marks.are_of_a_build_on(entry.first); });
  return builds ? Remains::builds : Remains::sessions;
}

io::Task<Expected<void>> end_processes(MachineFolder folder, io::Clock& clock) {
  io::Processes known;
  std::set<pid_t> terminated;
  for (milliseconds waited{0};; waited += process_poll_interval) {
    known = find_processes(folder, known);
    if (known.empty()) co_return Expected<void>{};
    if (waited >= deadline) {
      const pid_t pid = known.begin()->first;
      co_return failure(fmt::format("process {} ({}) of {} still runs, {} s after SIGTERM and {} s after SIGKILL", pid,
                                    io::command_line(pid), folder.path, deadline / seconds{1},
                                    (deadline - sigkill_after) / seconds{1}),
                        ErrorKind::timed_out);
    }
    for (const auto& [pid, process] : known) {
      if (waited >= sigkill_after) {
        io::send_signal(process, SIGKILL);
      } else if (terminated.insert(pid).second) {
        io::send_signal(process, SIGTERM);
      }
    }
    co_await clock.sleep_for(process_poll_interval);
    // A zombie is our child only if this very process started the machine; otherwise this does nothing.
    for (const auto& [pid, process] : known) ::waitpid(pid, nullptr, WNOHANG);
  }
}

}  // namespace hydra_provisioner::providers::local
