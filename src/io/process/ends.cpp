#include "io/process/ends.hpp"

#include <cerrno>
#include <cstddef>
#include <utility>

#include "io/file/descriptor.hpp"
#include "io/process/pidfd.hpp"

namespace hydra_provisioner::io {
namespace {

constexpr std::size_t followed_max = 256;

}  // namespace

ProcessEnds::ProcessEnds(boost::asio::any_io_executor executor, std::function<void()> ended)
    : executor_(std::move(executor)), ended_(std::move(ended)) {}

void ProcessEnds::follow(const std::set<pid_t>& processes) {
  std::erase_if(followed_, [&](const auto& entry) { return !processes.contains(entry.first); });
  for (const pid_t process : processes) {
    if (followed_.size() >= followed_max) return;
    const auto [entry, is_new] = followed_.try_emplace(process);
    if (!is_new) continue;
    Descriptor handle(::pidfd_open(process, 0));
    if (handle.is_open()) {
      entry->second = std::make_unique<Stream>(executor_, handle.release());
      wait(process);
    } else if (errno == ESRCH) {
      ended_();
    }
  }
}

void ProcessEnds::wait(pid_t process) {
  // Without an error, the entry is still there, and so is this object.
  followed_.at(process)->async_wait(Stream::wait_read, [this, process](const boost::system::error_code& error) {
    if (error) return;
    followed_.at(process).reset();
    ended_();
  });
}

}  // namespace hydra_provisioner::io
