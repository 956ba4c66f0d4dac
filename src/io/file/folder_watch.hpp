// Hears of what changes in folders: see inotify(7).
#pragma once

#include <compare>
#include <map>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/posix/stream_descriptor.hpp>

#include "io/async/task.hpp"
#include "model/error.hpp"

namespace hydra_provisioner::io {

// A file was written, made, removed or renamed, or its folder was. Without a name, anything in the folder may have
// changed; without a folder, anything in any of them.
struct FolderChange {
  std::string folder{};  // as it was given
  std::string name{};

  auto operator<=>(const FolderChange&) const = default;
};

class FolderWatch {
 public:
  // Fails where the system allows no more of them.
  static Expected<FolderWatch> open(const boost::asio::any_io_executor& executor);

  // Of these folders from now on, and of no others. Those that do not exist are left out until the next call.
  void follow(const std::set<std::string>& folders);

  // Waits until there are some. What comes in quick succession is told together, each change once.
  Task<std::set<FolderChange>> changes();

 private:
  using Stream = boost::asio::posix::stream_descriptor;

  explicit FolderWatch(Stream events) : events_(std::move(events)) {}
  void read(std::string_view events, std::set<FolderChange>& changes);

  Stream events_;
  std::map<int, std::string> folders_;  // by the number of their watch
};

}  // namespace hydra_provisioner::io
