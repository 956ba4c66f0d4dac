// The signals by which a running daemon is stopped, or told to read its configuration again.
#pragma once

#include <chrono>
#include <functional>
#include <utility>

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/signal_set.hpp>
#include <boost/asio/steady_timer.hpp>

#include "io/async/task.hpp"

namespace hydra_provisioner::app {

class Signals {
 public:
  explicit Signals(const boost::asio::any_io_executor& executor);

  // Called for each signal from now on, and at once if one has come that was not handled yet.
  void on_signal(std::function<void()> told);

  // Ends early when a signal comes, and at once if one has come that was not handled yet.
  io::Task<void> sleep_for(std::chrono::milliseconds duration);

  int stop() const { return stop_; }                                     // SIGTERM or SIGINT; 0: none came
  bool take_reload() { return std::exchange(reload_is_asked_, false); }  // SIGHUP

  io::Task<void> until_stop();

 private:
  void listen();

  boost::asio::signal_set signals_;
  boost::asio::steady_timer sleeper_;
  boost::asio::steady_timer stopped_;
  std::function<void()> told_ = [] {};
  int stop_ = 0;
  bool reload_is_asked_ = false;
};

}  // namespace hydra_provisioner::app
