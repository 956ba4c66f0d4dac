// Something that coroutines wait for, and that is there from then on.
#pragma once

#include <list>

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
  std::list<boost::asio::steady_timer*> waiting_;  // in the order of the waits; cancelled when it is set
};

}  // namespace hydra_provisioner::io
