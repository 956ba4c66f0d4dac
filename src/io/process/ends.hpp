// Tells when processes end, also those that another process has started.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <set>

#include <sys/types.h>

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/posix/stream_descriptor.hpp>

namespace hydra_provisioner::io {

class ProcessEnds {
 public:
  // `ended` is called for each end, and must not call follow().
  ProcessEnds(boost::asio::any_io_executor executor, std::function<void()> ended);

  // These from now on, and no others. If one has ended before it is named for the first time, that is told at once. Of
  // more than 256, some are not followed: each takes a descriptor.
  void follow(const std::set<pid_t>& processes);

 private:
  using Stream = boost::asio::posix::stream_descriptor;

  void wait(pid_t process);

  boost::asio::any_io_executor executor_;
  std::function<void()> ended_;
  std::map<pid_t, std::unique_ptr<Stream>> followed_;  // null: its end was told
};

}  // namespace hydra_provisioner::io
