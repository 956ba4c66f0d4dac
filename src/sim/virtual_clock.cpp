#include "sim/virtual_clock.hpp"

#include <algorithm>
#include <memory>
#include <utility>

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/system/system_error.hpp>

namespace hydra_provisioner::sim {
namespace {

using Timer = boost::asio::steady_timer;

// A sleeper that the end of its life wakes.
class Registration {
 public:
  Registration(std::map<std::uint64_t, Timer*>& sleepers, std::uint64_t number, Timer* sleeper)
      : sleepers_(sleepers), number_(number) {
    sleepers_.emplace(number, sleeper);
  }
  Registration(const Registration&) = delete;
  Registration& operator=(const Registration&) = delete;
  ~Registration() { sleepers_.erase(number_); }

 private:
  std::map<std::uint64_t, Timer*>& sleepers_;
  std::uint64_t number_;
};

}  // namespace

bool Timeline::go_on() {
  if (due_.empty()) return false;
  const auto next = due_.extract(due_.begin());
  now_ = std::max(now_, next.key().first);
  next.mapped()();
  return true;
}

std::optional<Time> Timeline::next() const {
  if (due_.empty()) return std::nullopt;
  return std::max(now_, due_.begin()->first.first);
}

void Life::waypoint() {
  if (!is_over_ && left_ == 0) die();
  if (left_ >= 0) --left_;
  if (meanwhile_ && !is_over_) stand_still_if_it_is_time();
  if (is_over_) throw Killed();
}

void Life::stand_still_if_it_is_time() {
  if (left_until_still_ > 0)
    --left_until_still_;
  else if (quick_ == 0)
    std::exchange(meanwhile_, {})();
}

void Life::stand_still_after(std::int64_t waypoints, std::function<void()> meanwhile) {
  left_until_still_ = waypoints;
  meanwhile_ = std::move(meanwhile);
}

void Life::die() {
  is_over_ = true;
  for (const auto& [number, sleeper] : sleepers_) sleeper->cancel();
}

io::Task<void> VirtualClock::sleep_for(Millis duration) {
  life_.waypoint();
  // The timeline keeps the alarm of a sleeper that was cancelled; it must not refer to it then.
  const auto timer = std::make_shared<Timer>(co_await boost::asio::this_coro::executor, Timer::time_point::max());
  const auto is_woken = std::make_shared<bool>(false);
  const Registration registration(life_.sleepers_, life_.count_++, timer.get());
  timeline_.after(duration, [alarm = std::weak_ptr(timer), is_woken] {
    *is_woken = true;
    if (const auto sleeper = alarm.lock()) sleeper->cancel();
  });
  const auto [error] = co_await timer->async_wait(boost::asio::as_tuple(boost::asio::use_awaitable));
  life_.waypoint();
  if (!*is_woken) throw boost::system::system_error(error);
}

}  // namespace hydra_provisioner::sim
