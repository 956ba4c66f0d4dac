// Something that coroutines wait for, and that is there from then on.
#pragma once

#include <set>

#include <boost/asio/steady_timer.hpp>

#include "io/async/task.hpp"

namespace hydra_provisioner::io {

class Event {
 public:
  bool is_set() const { return is_set_; }
  void set();
  void reset() { is_set_ = false; }
  Task<void> wait();  // returns at once if it is set

 private:
  bool is_set_ = false;
  std::set<boost::asio::steady_timer*> waiting_;  // cancelled when it is set
};

}  // namespace hydra_provisioner::io
