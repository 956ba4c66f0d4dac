// Something asked for that may take longer than anybody wants to wait: the answer is then there for a later asker.
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
class Question {
 public:
  using Answer = Expected<T>;

  explicit Question(Clock& clock) : clock_(clock) {}

  bool is_open() const { return asked_ && !asked_->answer; }  // asked, and not answered yet
  Instant asked_at() const { return asked_->asked_at; }
  Seconds last_took() const { return last_took_; }  // to find the last answer that was taken

  // Begins to find the answer; it goes on whether or not anybody waits. Not while it is open.
  Task<void> ask(std::function<Task<Answer>()> find) {
    auto asked = std::make_shared<Asked>(co_await boost::asio::this_coro::executor, clock_);
    asked_ = asked;
    boost::asio::co_spawn(
        asked->answered.get_executor(), answer_of(std::move(find)),
        [asked](std::exception_ptr thrown, Answer answer) { asked->take(thrown, std::move(answer)); });
  }

  // The answer, which then belongs to whoever took it; none while there is none.
  std::optional<Answer> take() {
    if (!asked_ || !asked_->answer) return std::nullopt;
    last_took_ = asked_->answered_at - asked_->asked_at;
    return std::move(std::exchange(asked_, nullptr)->answer);
  }

  // Takes the answer; none if it has not come after all of `patience`.
  Task<std::optional<Answer>> wait(std::chrono::milliseconds patience) {
    using namespace boost::asio::experimental::awaitable_operators;
    if (is_open()) co_await (until_answered(asked_) || clock_.sleep_for(patience));
    co_return take();
  }

 private:
  struct Asked {
    Asked(const boost::asio::any_io_executor& executor, Clock& the_clock)
        : answered(executor, std::chrono::steady_clock::time_point::max()), clock(the_clock), asked_at(clock.now()) {}

    void take(std::exception_ptr thrown, Answer found) {
      answer = thrown ? Answer(std::unexpected(Error{"internal error: " + what(thrown)})) : std::move(found);
      answered_at = clock.now();
      answered.cancel();
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

    boost::asio::steady_timer answered;  // cancelled when the answer is there
    Clock& clock;
    Instant asked_at;
    Instant answered_at;
    std::optional<Answer> answer;
  };

  // Keeps the function for as long as its coroutine: it may be a capturing lambda.
  static Task<Answer> answer_of(std::function<Task<Answer>()> find) { co_return co_await find(); }

  static Task<void> until_answered(std::shared_ptr<Asked> asked) {
    co_await asked->answered.async_wait(boost::asio::as_tuple(boost::asio::use_awaitable));
  }

  Clock& clock_;
  std::shared_ptr<Asked> asked_;
  Seconds last_took_{0};
};

}  // namespace hydra_provisioner::io
