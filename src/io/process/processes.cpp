#include "io/process/processes.hpp"

#include <algorithm>
#include <array>
#include <cerrno>
#include <chrono>
#include <csignal>
#include <filesystem>
#include <set>
#include <system_error>
#include <thread>
#include <utility>
#include <vector>

#include <poll.h>
#include <sys/stat.h>
#include <unistd.h>

#include <fmt/format.h>

#include "io/file/descriptor.hpp"
#include "io/file/files.hpp"
#include "io/process/pidfd.hpp"
#include "io/text/strings.hpp"

namespace hydra_provisioner::io {
namespace {

namespace fs = std::filesystem;
using std::chrono::milliseconds;
using std::chrono::steady_clock;

constexpr std::size_t proc_bytes_max = std::size_t{4} << 20;
constexpr milliseconds patience = std::chrono::seconds{2};

// Empty when the process has ended or we may not see it.
std::string proc_file(pid_t id, std::string_view name) {
  auto content = read_file(fmt::format("/proc/{}/{}", id, name), proc_bytes_max);
  return content && *content ? std::move(**content) : std::string();
}

// False for a thread of the kernel, and for a process that has ended.
bool is_program(pid_t id) {
  std::error_code error;
  return !fs::read_symlink(fmt::format("/proc/{}/exe", id), error).empty();
}

bool is_of_our_user(pid_t id) {
  struct stat folder{};
  return ::stat(fmt::format("/proc/{}", id).c_str(), &folder) == 0 && folder.st_uid == ::geteuid();
}

// A program has no environment for the first microseconds after exec, so we try again for 2 ms.
std::string environment_of(pid_t id) {
  for (int attempt = 0; attempt < 20; ++attempt) {
    std::string environment = proc_file(id, "environ");
    if (!environment.empty() || !is_program(id)) return environment;
    std::this_thread::sleep_for(std::chrono::microseconds{100});
  }
  return {};
}

// Parses /proc/PID/stat, see proc(5): `PID (NAME) STATE PARENT GROUP SESSION …`, the start is field 22. The name may
// contain any characters, brackets too.
std::optional<Process> parse_stat(pid_t id, std::string_view stat) {
  const std::size_t name_begin = stat.find('(');
  const std::size_t name_end = stat.rfind(") ");
  if (name_begin == std::string::npos || name_end == std::string::npos) return std::nullopt;
  const auto fields = words(stat.substr(name_end + 2));  // from field 3 on
  if (fields.size() < 20 || fields[0] == "Z" || fields[0] == "X") return std::nullopt;
  return Process{.id = id,
                 .parent = parse_number<pid_t>(fields[1]).value_or(0),
                 .session = parse_number<pid_t>(fields[3]).value_or(0),
                 .started = parse_number<std::uint64_t>(fields[19]).value_or(0),
                 .name = std::string(stat.substr(name_begin + 1, name_end - name_begin - 1))};
}

// A handle of this process, and not of one that got its id later.
Descriptor handle_of(const Process& process) {
  if (process.id <= 0) return {};
  Descriptor handle(::pidfd_open(process.id, 0));
  if (!handle.is_open()) return {};
  const auto now = look_at(process.id);
  if (!now || now->started != process.started) return {};
  return handle;
}

bool has_open(pid_t id, const std::set<std::string>& files) {
  std::error_code error;
  for (fs::directory_iterator entry(fmt::format("/proc/{}/fd", id), error), end; !error && entry != end;
       entry.increment(error)) {
    std::error_code closed_meanwhile;
    if (files.contains(fs::read_symlink(entry->path(), closed_meanwhile).native())) return true;
  }
  return false;
}

void wait_for_end(const Descriptor& process, steady_clock::time_point until) {
  pollfd ended{.fd = process.number(), .events = POLLIN, .revents = 0};
  while (true) {
    const auto left = std::chrono::ceil<milliseconds>(until - steady_clock::now());
    if (::poll(&ended, 1, std::max(static_cast<int>(left.count()), 0)) >= 0 || errno != EINTR) return;
  }
}

}  // namespace

std::optional<Process> look_at(pid_t id) { return parse_stat(id, proc_file(id, "stat")); }

Processes all_processes() {
  Processes all;
  std::error_code error;
  for (fs::directory_iterator entry("/proc", error), end; !error && entry != end; entry.increment(error)) {
    const auto id = process_id(entry->path().filename().native());
    if (!id) continue;
    if (auto process = look_at(*id)) all.emplace(*id, *std::move(process));
  }
  return all;
}

bool has_in_environment(pid_t id, std::string_view assignment) {
  if (!is_of_our_user(id)) return false;
  const std::string zero(1, '\0');
  return (zero + environment_of(id)).find(zero + std::string(assignment) + zero) != std::string::npos;
}

Processes processes_with(std::string_view assignment) {
  Processes found = all_processes();
  std::erase_if(found, [&](const auto& entry) { return !has_in_environment(entry.first, assignment); });
  return found;
}

// `Uid:` in /proc/PID/status, see proc(5); the first is the real one. The owner of /proc/PID is root for a process that
// hides its memory.
std::optional<uid_t> user_of(pid_t id) {
  constexpr std::string_view key = "Uid:\t";
  const std::string status = proc_file(id, "status");
  const std::size_t line = status.find(std::string("\n") + std::string(key));
  if (line == std::string::npos) return std::nullopt;
  const auto uid = leading_number<uid_t>(std::string_view(status).substr(line + 1 + key.size()));
  return uid ? std::optional(uid->number) : std::nullopt;
}

Processes processes_holding(const std::set<ino_t>& pipes) {
  std::set<std::string> files;
  for (const ino_t pipe : pipes) files.insert(fmt::format("pipe:[{}]", pipe));
  Processes found = all_processes();
  std::erase_if(found, [&](const auto& entry) { return !has_open(entry.first, files); });
  return found;
}

Processes attached(Processes processes) {
  std::set<pid_t> detached;
  for (const auto& [id, process] : processes) {
    if (processes.contains(process.session)) detached.insert(id);
  }
  std::erase_if(processes, [&](const auto& entry) { return detached.contains(entry.first); });
  return processes;
}

Processes without_hypervisors(Processes processes) {
  constexpr std::array<std::string_view, 5> names{"VBox", "qemu", "libvirt", "virt", "dnsmasq"};
  std::erase_if(processes, [&](const auto& entry) {
    // Nixpkgs wraps programs, and calls the wrapped ones `.libvirtd-wrapped`.
    const std::string_view program = std::string_view(entry.second.name).substr(entry.second.name.starts_with('.'));
    return std::ranges::any_of(names, [&](std::string_view name) { return program.starts_with(name); });
  });
  return processes;
}

std::string command_line(pid_t id) {
  std::string line = proc_file(id, "cmdline");
  std::ranges::replace(line, '\0', ' ');
  while (line.ends_with(' ')) line.pop_back();
  return line;
}

std::optional<pid_t> process_id(std::string_view digits) {
  const auto id = parse_number<pid_t>(digits);
  return id && *id > 0 ? id : std::nullopt;
}

void send_signal(const Process& process, int number) {
  if (const Descriptor handle = handle_of(process); handle.is_open())
    ::pidfd_send_signal(handle.number(), number, nullptr, 0);
}

void kill_all(const Processes& processes) {
  std::vector<Descriptor> killed;
  for (const auto& [id, process] : processes) {
    if (id == ::getpid()) continue;
    Descriptor handle = handle_of(process);
    if (handle.is_open() && ::pidfd_send_signal(handle.number(), SIGKILL, nullptr, 0) == 0)
      killed.push_back(std::move(handle));
  }
  const auto until = steady_clock::now() + patience;
  for (const Descriptor& process : killed) wait_for_end(process, until);
}

}  // namespace hydra_provisioner::io
