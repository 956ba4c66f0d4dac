// Ends the sleep of a coroutine.
#pragma once

#include <chrono>
#include <utility>

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/as_tuple.hpp>
#include <boost/asio/experimental/awaitable_operators.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>

#include "io/async/clock.hpp"
#include "io/async/task.hpp"

namespace hydra_provisioner::io {

class Bell {
 public:
  explicit Bell(const boost::asio::any_io_executor& executor)
      : rung_(executor, std::chrono::steady_clock::time_point::max()) {}

  void ring() {
    is_rung_ = true;
    rung_.cancel();
  }

  // Ends early when it is rung, and at once if it was rung since the last sleep.
  Task<void> sleep_for(Clock& clock, std::chrono::milliseconds duration) {
    using namespace boost::asio::experimental::awaitable_operators;
    if (!is_rung_) co_await (until_rung() || clock.sleep_for(duration));
    is_rung_ = false;
  }

 private:
  Task<void> until_rung() { co_await rung_.async_wait(boost::asio::as_tuple(boost::asio::use_awaitable)); }

  boost::asio::steady_timer rung_;
  bool is_rung_ = false;
};

}  // namespace hydra_provisioner::io
