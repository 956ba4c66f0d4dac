#include "io/async/offload.hpp"

#include <exception>
#include <future>
#include <memory>
#include <stdexcept>
#include <thread>

#include <gtest/gtest.h>
#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/cancellation_signal.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>
#include <boost/system/system_error.hpp>

#include "tests/support/await.hpp"

namespace hydra_provisioner::io {
namespace {

namespace asio = boost::asio;

Task<bool> works_elsewhere_and_returns_here(asio::thread_pool& threads) {
  const auto here = std::this_thread::get_id();
  const auto there = co_await offload(threads, [] { return std::this_thread::get_id(); });
  co_return there != here&& std::this_thread::get_id() == here;
}

TEST(Offload, WorksOnAnotherThreadAndReturnsToItsOwn) {
  asio::thread_pool threads(1);
  EXPECT_TRUE(support::await(works_elsewhere_and_returns_here(threads)));
}

TEST(Offload, TakesWorkThatCanOnlyBeMoved) {
  asio::thread_pool threads(1);
  EXPECT_EQ(support::await(offload(threads, [number = std::make_unique<int>(7)] { return *number; })), 7);
}

TEST(Offload, RethrowsWhatTheWorkThrows) {
  asio::thread_pool threads(1);
  EXPECT_THROW(support::await(offload(threads, []() -> int { throw std::runtime_error("boom"); })), std::runtime_error);
}

Task<void> work_and_wait(asio::thread_pool& threads, std::shared_future<void> released, bool& worked) {
  worked = co_await offload(threads, [released] {
    released.wait();
    return true;
  });
  co_await asio::post(asio::use_awaitable);
}

TEST(Offload, EndsItsWorkBeforeACancelledCallerLearnsOfIt) {
  asio::thread_pool threads(1);
  asio::io_context context;
  asio::cancellation_signal cancel;
  std::promise<void> release;
  bool worked = false;
  std::exception_ptr thrown;
  asio::co_spawn(
      context, work_and_wait(threads, release.get_future().share(), worked),
      asio::bind_cancellation_slot(cancel.slot(), [&](std::exception_ptr exception) { thrown = exception; }));
  asio::post(context, [&] {
    cancel.emit(asio::cancellation_type::terminal);
    release.set_value();
  });
  context.run();
  threads.join();

  EXPECT_TRUE(worked);
  EXPECT_THROW(std::rethrow_exception(thrown), boost::system::system_error);
}

}  // namespace
}  // namespace hydra_provisioner::io
