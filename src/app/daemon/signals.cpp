#include "app/daemon/signals.hpp"

#include <csignal>

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/use_awaitable.hpp>

namespace hydra_provisioner::app {

Signals::Signals(const boost::asio::any_io_executor& executor)
    : signals_(executor, SIGTERM, SIGINT, SIGHUP), sleeper_(executor), stopped_(executor) {
  stopped_.expires_at(std::chrono::steady_clock::time_point::max());
  listen();
}

void Signals::on_signal(std::function<void()> told) {
  told_ = std::move(told);
  if (stop_ != 0 || reload_is_asked_) told_();
}

io::Task<void> Signals::sleep_for(std::chrono::milliseconds duration) {
  if (stop_ != 0 || reload_is_asked_) co_return;
  sleeper_.expires_after(duration);
  co_await sleeper_.async_wait(boost::asio::as_tuple(boost::asio::use_awaitable));
}

io::Task<void> Signals::until_stop() {
  if (stop_ == 0) co_await stopped_.async_wait(boost::asio::as_tuple(boost::asio::use_awaitable));
}

void Signals::listen() {
  signals_.async_wait([this](const boost::system::error_code& error, int number) {
    if (error) return;
    if (number == SIGHUP) {
      reload_is_asked_ = true;
    } else {
      stop_ = number;
      stopped_.cancel();
    }
    sleeper_.cancel();
    told_();
    listen();
  });
}

}  // namespace hydra_provisioner::app
