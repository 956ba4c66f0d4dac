#include "app/tag_lock.hpp"

#include <array>
#include <cstdlib>
#include <filesystem>
#include <sstream>
#include <string>
#include <system_error>
#include <tuple>
#include <utility>

#include <fmt/format.h>
#include <unistd.h>

#include "io/async/clock.hpp"
#include "io/text/local_time.hpp"

namespace hydra_provisioner::app {

std::string lock_file(const std::string& state_dir, const Tag& tag) {
  return fmt::format("{}/{}.lock", state_dir, tag);
}

std::string host_name() {
  std::array<char, 256> name{};
  if (::gethostname(name.data(), name.size() - 1) != 0 || name.front() == '\0') return "-";
  return name.data();
}

namespace {

std::string description_of_this_process() {
  return fmt::format("{} {} {}\n", ::getpid(), host_name(), to_unix(io::SystemClock{}.now()));
}

// systemd's folder for logs, so that they are where an administrator looks, and where other commands find them. A
// folder of logs that is there already stays.
void link_logs(const std::string& state_dir) {
  const char* folder = std::getenv("LOGS_DIRECTORY");
  if (folder == nullptr || *folder == '\0') return;
  const std::filesystem::path link = state_dir + "/logs";
  std::error_code ignored;
  if (!std::filesystem::is_symlink(link, ignored)) std::filesystem::remove(link, ignored);  // an empty folder
  std::filesystem::create_directory_symlink(folder, link, ignored);
}

}  // namespace

std::optional<LockHolder> holder_of_lock(const std::string& file) {
  constexpr std::size_t bytes_max = 1000;
  if (!io::FileLock::is_held(file)) return std::nullopt;
  const auto content = io::read_file(file, bytes_max);
  if (!content || !*content) return std::nullopt;
  std::istringstream words(**content);
  LockHolder holder;
  std::int64_t since = 0;
  if (!(words >> holder.process >> holder.host >> since)) return std::nullopt;
  holder.since = from_unix(since);
  return holder;
}

std::string described(const LockHolder& holder) {
  return fmt::format("process {} on {}, since {}", holder.process, holder.host, io::local_time(holder.since));
}

std::expected<io::FileLock, Failure> lock_tag(const std::string& state_dir, const Tag& tag) {
  if (auto made = io::make_folder(state_dir, 0700); !made)
    return failed({made.error().message + "; name another folder with --state-dir"});
  if (auto own = io::expect_own_folder(state_dir); !own) return failed(std::move(own.error()));
  link_logs(state_dir);
  const std::string file = lock_file(state_dir, tag);
  auto lock = io::FileLock::try_acquire(file);
  if (!lock) return failed(std::move(lock.error()));
  if (*lock) {
    std::ignore = (*lock)->write(description_of_this_process());  // a full disk is no reason to make no pass
    return **std::move(lock);
  }
  const auto holder = holder_of_lock(file);
  return ends_with(exit_status::locked, {fmt::format("another pass of tag {} is at work ({}holds {}); nothing was done",
                                                     tag, holder ? described(*holder) + ", " : "it ", file)});
}

}  // namespace hydra_provisioner::app
