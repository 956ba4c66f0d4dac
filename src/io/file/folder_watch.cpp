#include "io/file/folder_watch.hpp"

#include <array>
#include <cerrno>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <utility>

#include <sys/inotify.h>
#include <sys/stat.h>
#include <unistd.h>

#include <boost/asio/steady_timer.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>

#include "io/file/descriptor.hpp"
#include "io/text/wording.hpp"

namespace hydra_provisioner::io {
namespace {

constexpr std::uint32_t watched_changes =
    IN_CLOSE_WRITE | IN_CREATE | IN_DELETE | IN_MOVED_FROM | IN_MOVED_TO | IN_DELETE_SELF | IN_MOVE_SELF | IN_ONLYDIR;

// An editor writes a file in several steps.
constexpr std::chrono::milliseconds told_together{50};

// It is told once it is written. A link, or a folder, is complete when it is made.
bool is_about_to_be_written(const inotify_event& event, const std::string& path) {
  if ((event.mask & IN_CREATE) == 0 || (event.mask & IN_ISDIR) != 0) return false;
  struct stat found{};
  return ::lstat(path.c_str(), &found) == 0 && S_ISREG(found.st_mode) && found.st_nlink == 1;
}

}  // namespace

Expected<FolderWatch> FolderWatch::open(const boost::asio::any_io_executor& executor) {
  Descriptor events(::inotify_init1(IN_CLOEXEC | IN_NONBLOCK));
  if (!events.is_open()) return failure("inotify: " + os_error(errno));
  Stream stream(executor);
  stream.assign(events.release());
  return FolderWatch(std::move(stream));
}

void FolderWatch::follow(const std::set<std::string>& folders) {
  std::map<int, std::string> followed;
  for (const std::string& folder : folders) {
    const int watch = ::inotify_add_watch(events_.native_handle(), folder.c_str(), watched_changes);
    if (watch >= 0) followed.emplace(watch, folder);
  }
  for (const auto& [watch, folder] : folders_) {
    if (!followed.contains(watch)) ::inotify_rm_watch(events_.native_handle(), watch);
  }
  folders_ = std::move(followed);
}

Task<std::set<FolderChange>> FolderWatch::changes() {
  boost::asio::steady_timer timer(co_await boost::asio::this_coro::executor);
  std::array<char, 16384> events;
  std::set<FolderChange> changes;
  while (changes.empty()) {
    co_await events_.async_wait(Stream::wait_read, boost::asio::use_awaitable);
    timer.expires_after(told_together);
    co_await timer.async_wait(boost::asio::use_awaitable);
    for (ssize_t count = 0; (count = ::read(events_.native_handle(), events.data(), events.size())) > 0;)
      read({events.data(), static_cast<std::size_t>(count)}, changes);
  }
  co_return changes;
}

void FolderWatch::read(std::string_view events, std::set<FolderChange>& changes) {
  while (events.size() >= sizeof(inotify_event)) {
    inotify_event event{};
    std::memcpy(&event, events.data(), sizeof event);
    const std::string_view padded = events.substr(sizeof event, event.len);
    const std::string name(padded.substr(0, padded.find('\0')));
    events.remove_prefix(sizeof event + event.len);
    if ((event.mask & IN_Q_OVERFLOW) != 0) changes.insert(FolderChange{});
    const auto folder = folders_.find(event.wd);
    if (folder == folders_.end() || is_about_to_be_written(event, folder->second + "/" + name)) continue;
    changes.insert({.folder = folder->second, .name = name});
  }
}

}  // namespace hydra_provisioner::io
