#include "io/async/event.hpp"

#include <functional>
#include <vector>

#include <gtest/gtest.h>
#include <boost/asio/experimental/awaitable_operators.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/use_awaitable.hpp>

#include "io/async/gather.hpp"
#include "tests/support/await.hpp"

namespace hydra_provisioner::io {
namespace {

TEST(Event, WakesAllWhoWait) {
  Event event;
  int woken = 0;
  const auto wait = [&]() -> Task<void> {
    co_await event.wait();
    ++woken;
  };
  const auto set = [&]() -> Task<void> {
    EXPECT_EQ(woken, 0);
    event.set();
    co_return;
  };
  support::await(run_all({wait, wait, set}, 3));
  EXPECT_EQ(woken, 2);
}

TEST(Event, IsThereAlsoForThoseWhoComeLate) {
  Event event;
  event.set();
  support::await(event.wait());
  EXPECT_TRUE(event.is_set());
}

TEST(Event, IsAwaitedAgainOnceItIsReset) {
  Event event;
  event.set();
  event.reset();
  bool is_over = false;
  const auto wait = [&]() -> Task<void> {
    co_await event.wait();
    EXPECT_TRUE(is_over);
  };
  const auto set = [&]() -> Task<void> {
    is_over = true;
    event.set();
    co_return;
  };
  support::await(run_all({wait, set}, 2));
  EXPECT_TRUE(is_over);
}

TEST(Event, DoesNotHoldUpAWaitThatIsCancelled) {
  using namespace boost::asio::experimental::awaitable_operators;
  Event event;
  const auto first = support::await(event.wait() || boost::asio::post(boost::asio::use_awaitable));
  EXPECT_EQ(first.index(), 1);
}

}  // namespace
}  // namespace hydra_provisioner::io
