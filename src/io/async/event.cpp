#include "io/async/event.hpp"

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>

namespace hydra_provisioner::io {
namespace {

using Timer = boost::asio::steady_timer;

struct Registration {
  Registration(std::list<Timer*>& all, Timer& timer) : waiting(all), own(all.insert(all.end(), &timer)) {}
  Registration(const Registration&) = delete;
  Registration& operator=(const Registration&) = delete;
  ~Registration() { waiting.erase(own); }

  std::list<Timer*>& waiting;
  std::list<Timer*>::iterator own;
};

}  // namespace

void Event::set() {
  is_set_ = true;
  for (Timer* timer : waiting_) timer->cancel();
}

// The end of a timer may also mean that the coroutine itself is cancelled. Then its next wait throws.
Task<void> Event::wait() {
  if (is_set_) co_return;
  Timer timer(co_await boost::asio::this_coro::executor, Timer::time_point::max());
  const Registration registration(waiting_, timer);
  while (!is_set_) co_await timer.async_wait(boost::asio::as_tuple(boost::asio::use_awaitable));
}

}  // namespace hydra_provisioner::io
