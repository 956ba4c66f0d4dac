#include "io/async/gather.hpp"

#include <algorithm>
#include <stdexcept>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/cancellation_signal.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/system/system_error.hpp>

#include "tests/support/await.hpp"

namespace hydra_provisioner::io {
namespace {

namespace asio = boost::asio;
using Tasks = std::vector<std::function<Task<void>()>>;

struct Counts {
  std::vector<int> started;
  int running = 0;
  int running_max = 0;
};

// Counts the running tasks: each as long as it exists.
class Running {
 public:
  Running(Counts& counts, int number) : counts_(counts) {
    counts_.started.push_back(number);
    counts_.running_max = std::max(counts_.running_max, ++counts_.running);
  }
  Running(const Running&) = delete;
  Running& operator=(const Running&) = delete;
  ~Running() { --counts_.running; }

 private:
  Counts& counts_;
};

Task<void> short_task(Counts& counts, int number) {
  const Running running(counts, number);
  for (int turn = 0; turn <= number % 3; ++turn) co_await asio::post(asio::use_awaitable);
}

Task<void> endless_task(Counts& counts, int number) {
  const Running running(counts, number);
  asio::steady_timer never(co_await asio::this_coro::executor, asio::steady_timer::time_point::max());
  co_await never.async_wait(asio::use_awaitable);
}

Task<void> throwing_task() {
  co_await asio::post(asio::use_awaitable);
  throw std::runtime_error("boom");
}

Tasks short_tasks(Counts& counts, int count) {
  Tasks tasks;
  for (int n = 0; n < count; ++n) tasks.emplace_back([&counts, n] { return short_task(counts, n); });
  return tasks;
}

TEST(RunAll, RunsEveryTaskInOrderWithinTheLimit) {
  Counts counts;
  support::await(run_all(short_tasks(counts, 20), 3));
  EXPECT_EQ(counts.started.size(), 20U);
  EXPECT_TRUE(std::ranges::is_sorted(counts.started));
  EXPECT_EQ(counts.running_max, 3);
  EXPECT_EQ(counts.running, 0);
}

TEST(RunAll, RunsThemAllAtOnceWhereTheLimitAllows) {
  Counts counts;
  support::await(run_all(short_tasks(counts, 5), 100));
  EXPECT_EQ(counts.running_max, 5);
}

TEST(RunAll, DoesNothingWithoutTasks) { support::await(run_all({}, 3)); }

TEST(RunAll, KeepsTheFunctionsThatAreCoroutinesThemselves) {
  std::string said;
  Tasks tasks;
  for (const std::string word : {"a captured text that is long enough for the heap", "!"}) {
    tasks.emplace_back([word, &said]() -> Task<void> {
      co_await asio::post(asio::use_awaitable);
      said += word;
    });
  }
  support::await(run_all(std::move(tasks), 1));
  EXPECT_EQ(said, "a captured text that is long enough for the heap!");
}

TEST(RunAll, CancelsTheOthersWhenOneThrowsAndRethrows) {
  Counts counts;
  Tasks tasks{[&] { return endless_task(counts, 1); }, [] { return throwing_task(); },
              [&] { return endless_task(counts, 2); }, [&] { return short_task(counts, 3); }};
  try {
    support::await(run_all(std::move(tasks), 3));
    FAIL() << "nothing was thrown";
  } catch (const std::runtime_error& error) {
    EXPECT_STREQ(error.what(), "boom");
  }
  EXPECT_EQ(counts.running, 0);
  EXPECT_THAT(counts.started, testing::ElementsAre(1, 2));
}

TEST(RunAll, CancelsAndAwaitsItsTasksWhenItIsCancelled) {
  Counts counts;
  Tasks tasks;
  for (int n = 0; n < 5; ++n) tasks.emplace_back([&counts, n] { return endless_task(counts, n); });
  asio::io_context context;
  asio::cancellation_signal cancel;
  std::exception_ptr thrown;
  asio::co_spawn(context, run_all(std::move(tasks), 2),
                 asio::bind_cancellation_slot(cancel.slot(), [&](std::exception_ptr exception) {
                   thrown = exception;
                   EXPECT_EQ(counts.running, 0);
                 }));
  while (counts.running < 2) context.run_one();
  asio::post(context, [&] { cancel.emit(asio::cancellation_type::terminal); });
  context.run();

  EXPECT_THAT(counts.started, testing::ElementsAre(0, 1));
  EXPECT_THROW(std::rethrow_exception(thrown), boost::system::system_error);
}

}  // namespace
}  // namespace hydra_provisioner::io
