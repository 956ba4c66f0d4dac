// A call that may take longer than its caller wants to wait. It goes on, and a later caller can take its result.
#pragma once

#include <chrono>
#include <exception>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <utility>

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/experimental/awaitable_operators.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>

#include "io/async/clock.hpp"
#include "io/async/task.hpp"
#include "model/error.hpp"

namespace hydra_provisioner::io {

template <class T>
class PendingCall {
 public:
  using Result = Expected<T>;

  explicit PendingCall(Clock& clock) : clock_(clock) {}

  bool is_pending() const { return call_ && !call_->result; }  // started, and not finished yet
  bool is_answered() const { return call_ && call_->result; }  // and the result was not taken yet
  Instant started_at() const { return call_->started_at; }
  Seconds last_duration() const { return last_duration_; }  // of the call whose result was taken last

  // Starts the call, which goes on whether or not a caller waits for it. Must not be called while one is pending.
  Task<void> start(std::function<Task<Result>()> function) {
    auto call = std::make_shared<Call>(co_await boost::asio::this_coro::executor, clock_);
    call_ = call;
    boost::asio::co_spawn(
        call->finished.get_executor(), result_of(std::move(function)),
        [call](std::exception_ptr thrown, Result result) { call->finish(thrown, std::move(result)); });
  }

  // Moves the result out; none while there is no result.
  std::optional<Result> take() {
    if (!call_ || !call_->result) return std::nullopt;
    last_duration_ = call_->finished_at - call_->started_at;
    return std::move(std::exchange(call_, nullptr)->result);
  }

  // Takes the result; none if the call is still pending after `patience`.
  Task<std::optional<Result>> wait(std::chrono::milliseconds patience) {
    using namespace boost::asio::experimental::awaitable_operators;
    if (is_pending()) co_await (until_finished(call_) || clock_.sleep_for(patience));
    co_return take();
  }

 private:
  struct Call {
    Call(const boost::asio::any_io_executor& executor, Clock& the_clock)
        : finished(executor, std::chrono::steady_clock::time_point::max()), clock(the_clock), started_at(clock.now()) {}

    void finish(std::exception_ptr thrown, Result returned) {
      result = thrown ? Result(std::unexpected(Error{"internal error: " + what(thrown)})) : std::move(returned);
      finished_at = clock.now();
      finished.cancel();
    }

    static std::string what(const std::exception_ptr& thrown) {
      try {
        std::rethrow_exception(thrown);
      } catch (const std::exception& error) {
        return error.what();
      } catch (...) {
        return "unknown";
      }
    }

    boost::asio::steady_timer finished;  // cancelled when there is a result
    Clock& clock;
    Instant started_at;
    Instant finished_at;
    std::optional<Result> result;
  };

  // The function lives as long as its coroutine, because it may be a capturing lambda.
  static Task<Result> result_of(std::function<Task<Result>()> function) { co_return co_await function(); }

  static Task<void> until_finished(std::shared_ptr<Call> call) {
    co_await call->finished.async_wait(boost::asio::as_tuple(boost::asio::use_awaitable));
  }

  Clock& clock_;
  std::shared_ptr<Call> call_;
  Seconds last_duration_{0};
};

}  // namespace hydra_provisioner::io
