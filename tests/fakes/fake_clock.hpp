// Virtual time: it passes only when nothing else can happen.
#pragma once

#include <chrono>
#include <map>
#include <stdexcept>
#include <utility>

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/asio/use_future.hpp>
#include <boost/system/system_error.hpp>

#include "io/async/clock.hpp"
#include "model/random.hpp"
#include "tests/support/usual.hpp"

namespace hydra_provisioner::fakes {

class FakeClock final : public io::Clock {
 public:
  using Time = std::chrono::sys_time<std::chrono::milliseconds>;

  Instant now() const override { return std::chrono::floor<Seconds>(now_); }
  Time exact_now() const { return now_; }
  Millis stopwatch() const override { return now_.time_since_epoch(); }

  io::Task<void> sleep_for(std::chrono::milliseconds duration) override {
    Sleeper sleeper{.timer = Timer(co_await boost::asio::this_coro::executor, Timer::time_point::max())};
    const Registration registration{sleepers_, sleepers_.emplace(now_ + duration, &sleeper)};
    const auto [error] = co_await sleeper.timer.async_wait(boost::asio::as_tuple(boost::asio::use_awaitable));
    if (!sleeper.is_woken) throw boost::system::system_error(error);
  }

  void advance(std::chrono::milliseconds duration) { now_ += duration; }

  // How long a fake takes for its next answer. Short, so that a test can count in whole seconds; drawn, so that answers
  // overtake one another; the same in each run.
  std::chrono::milliseconds draw_delay() { return std::chrono::milliseconds{random_.between(1, 5)}; }
  io::Task<void> sleep_a_moment() { return sleep_for(draw_delay()); }

  // Runs the task to its end, and everything that it started. A sleeper is woken when nothing else can go on.
  template <class T>
  T run(io::Task<T> task) {
    context_.restart();
    auto result = boost::asio::co_spawn(context_, std::move(task), boost::asio::use_future);
    do context_.poll();
    while (!context_.stopped() && wake_next());
    if (!context_.stopped()) throw std::logic_error("the task waits for something that never comes");
    return result.get();
  }

 private:
  using Timer = boost::asio::steady_timer;
  struct Sleeper {
    Timer timer;
    bool is_woken = false;
  };
  using Sleepers = std::multimap<Time, Sleeper*>;
  struct Registration {
    Sleepers& sleepers;
    Sleepers::iterator entry;
    ~Registration() { sleepers.erase(entry); }
  };

  bool wake_next() {
    if (sleepers_.empty()) return false;
    const auto& [time, sleeper] = *sleepers_.begin();
    now_ = std::max(now_, time);
    sleeper->is_woken = true;
    sleeper->timer.cancel();
    return true;
  }

  Time now_ = support::noon;
  Random random_{1};
  Sleepers sleepers_;
  // A task may leave questions behind whose answers were never taken; their timers need the context for as long as the
  // clock lives.
  boost::asio::io_context context_;
};

}  // namespace hydra_provisioner::fakes
