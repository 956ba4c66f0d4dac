#include "io/async/clock.hpp"

#include <atomic>

#include <boost/asio/steady_timer.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>

#include "io/async/waypoint.hpp"

namespace hydra_provisioner::io {
namespace {

std::atomic<Millis> clock_ahead{};

}  // namespace

void set_clock_ahead(Millis ahead) { clock_ahead = ahead; }

Instant SystemClock::now() const {
  return std::chrono::floor<Seconds>(std::chrono::system_clock::now() + clock_ahead.load());
}

Task<void> SystemClock::sleep_for(std::chrono::milliseconds duration) {
  waypoint("clock.sleep");
  boost::asio::steady_timer timer(co_await boost::asio::this_coro::executor, duration);
  co_await timer.async_wait(boost::asio::use_awaitable);
}

Millis SystemClock::stopwatch() const {
  return std::chrono::floor<Millis>(std::chrono::steady_clock::now().time_since_epoch());
}

}  // namespace hydra_provisioner::io
