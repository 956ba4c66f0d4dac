#include "io/process/private_folder.hpp"

#include <algorithm>
#include <cerrno>
#include <cstdint>
#include <cstdlib>
#include <filesystem>
#include <optional>
#include <set>
#include <system_error>
#include <tuple>
#include <utility>

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "io/async/waypoint.hpp"
#include "io/file/descriptor.hpp"
#include "io/file/files.hpp"
#include "io/process/processes.hpp"
#include "io/text/strings.hpp"
#include "io/text/wording.hpp"

namespace hydra_provisioner::io {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t path_bytes_max = 50;
constexpr std::size_t purpose_bytes_max = 12;
constexpr std::string_view id_digits_max = "4194304";  // PID_MAX_LIMIT of the kernel
constexpr std::string_view random_part = "XXXXXX";     // as mkdtemp(3) wants it
constexpr const char* usual_base = "/tmp";
constexpr int attempts_max = 10;

bool is_purpose(std::string_view text) {
  return !text.empty() && text.size() <= purpose_bytes_max &&
         std::ranges::all_of(text, [](char c) { return is_lower(c) || is_digit(c); });
}

std::string base_for(std::string_view purpose) {
  const char* const ours = std::getenv("TMPDIR");
  std::string base = ours == nullptr ? "" : ours;
  while (base.ends_with('/')) base.pop_back();
  const std::size_t longest = fmt::formatted_size("{}/hp-{}-{}-{}", base, purpose, id_digits_max, random_part);
  return base.starts_with('/') && longest <= path_bytes_max ? base : usual_base;
}

// The process that made the folder `hp-PURPOSE-ID-RANDOM`; none for any other name.
std::optional<pid_t> maker_of(std::string_view name, std::string_view purpose) {
  const std::string prefix = fmt::format("hp-{}-", purpose);
  if (!name.starts_with(prefix)) return std::nullopt;
  name.remove_prefix(prefix.size());
  const std::size_t dash = name.find('-');
  if (dash == std::string_view::npos || name.starts_with('0')) return std::nullopt;
  const std::string_view random = name.substr(dash + 1);
  if (random.size() != random_part.size() || !is_alphanumeric(random, "")) return std::nullopt;
  return process_id(name.substr(0, dash));
}

bool is_folder_of_ours(const std::string& path) {
  struct stat found{};
  return ::lstat(path.c_str(), &found) == 0 && S_ISDIR(found.st_mode) && found.st_uid == ::geteuid();
}

bool is_process_of_ours(pid_t id) {
  struct stat found{};
  return ::stat(fmt::format("/proc/{}", id).c_str(), &found) == 0 && found.st_uid == ::geteuid();
}

// An ssh ControlMaster may have overwritten its environment with a title that names its socket.
bool uses(pid_t id, const std::string& folder) {
  return has_in_environment(id, "TMPDIR=" + folder) || command_line(id).starts_with("ssh: " + folder + "/");
}

// Skips the slow check for processes that were started before the folder was made.
Processes users_of(const std::string& folder, std::uint64_t started_since) {
  Processes users = all_processes();
  std::erase_if(users, [&](const auto& entry) {
    const auto& [id, process] = entry;
    return process.started < started_since || !is_process_of_ours(id) || !uses(id, folder);
  });
  return without_hypervisors(std::move(users));
}

// Several rounds, because the processes may start others meanwhile.
void kill_users_of(const std::string& folder, std::uint64_t started_since) {
  for (int round = 0; round < 10; ++round) {
    const Processes users = users_of(folder, started_since);
    if (users.empty()) return;
    kill_all(users);
  }
}

void clear_away(const std::string& folder, std::uint64_t started_since) {
  kill_users_of(folder, started_since);
  std::ignore = remove_all(folder);
}

bool is_left_behind(const std::string& folder, pid_t maker) {
  return is_folder_of_ours(folder) && !look_at(maker) && attached(users_of(folder, 0)).empty();
}

// Its maker holds it for as long as it lives: in a container that shares the folder with others, the id of a process
// does not say that it has ended. None: another process holds it, or it is gone.
std::optional<Descriptor> lock(const std::string& folder) {
  Descriptor held(::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC));
  if (!held.is_open()) return std::nullopt;
  const bool is_held_elsewhere = ::flock(held.number(), LOCK_EX | LOCK_NB) != 0 && errno == EWOULDBLOCK;
  if (is_held_elsewhere || !is_folder_of_ours(folder)) return std::nullopt;
  return held;
}

void sweep(const std::string& base, std::string_view purpose) {
  std::error_code error;
  for (fs::directory_iterator entry(base, error), last; !error && entry != last; entry.increment(error)) {
    const auto maker = maker_of(entry->path().filename().native(), purpose);
    if (!maker || !is_left_behind(entry->path(), *maker)) continue;
    if (const auto held = lock(entry->path())) clear_away(entry->path(), 0);
  }
}

}  // namespace

Expected<PrivateFolder> PrivateFolder::make(std::string_view purpose) {
  if (!is_purpose(purpose)) return failure(fmt::format("\"{}\" is not a purpose of a private folder", purpose));
  sweep_private_folders(purpose);
  const std::string pattern = fmt::format("{}/hp-{}-{}-{}", base_for(purpose), purpose, ::getpid(), random_part);
  for (int attempt = 0; attempt < attempts_max; ++attempt) {
    std::string path = pattern;
    if (::mkdtemp(path.data()) == nullptr) return failure(fmt::format("cannot create {}: {}", path, os_error(errno)));
    auto held = lock(path);
    if (!held) continue;  // a sweep was faster
    waypoint("private_folder.after-make");
    return PrivateFolder(std::move(path), *std::move(held));
  }
  return failure(fmt::format("cannot create {}: it is removed at once, {} times", pattern, attempts_max));
}

PrivateFolder::PrivateFolder(PrivateFolder&& other) noexcept
    : path_(std::exchange(other.path_, {})), held_(std::move(other.held_)) {}

PrivateFolder& PrivateFolder::operator=(PrivateFolder&& other) noexcept {
  const PrivateFolder replaced(std::move(*this));
  path_ = std::exchange(other.path_, {});
  held_ = std::move(other.held_);
  return *this;
}

PrivateFolder::~PrivateFolder() {
  if (path_.empty()) return;
  const auto ourselves = look_at(::getpid());
  clear_away(path_, ourselves ? ourselves->started : 0);
}

void sweep_private_folders(std::string_view purpose) {
  // If /proc does not even show this process, we cannot find out which makers have ended.
  if (!is_purpose(purpose) || !look_at(::getpid())) return;
  for (const std::string& base : std::set<std::string>{usual_base, base_for(purpose)}) sweep(base, purpose);
}

}  // namespace hydra_provisioner::io
