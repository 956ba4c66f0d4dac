#include "io/async/clock.hpp"

#include <chrono>
#include <variant>

#include <gtest/gtest.h>
#include <boost/asio/experimental/awaitable_operators.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/use_awaitable.hpp>

#include "tests/support/await.hpp"

namespace hydra_provisioner::io {
namespace {

using namespace std::chrono_literals;
using namespace boost::asio::experimental::awaitable_operators;

TEST(SystemClock, GivesTheTimeInWholeSeconds) {
  const auto before = std::chrono::floor<Seconds>(std::chrono::system_clock::now());
  const Instant now = SystemClock().now();
  EXPECT_GE(now, before);
  EXPECT_LE(now, std::chrono::system_clock::now());
}

TEST(SystemClock, Sleeps) {
  SystemClock clock;
  const auto before = std::chrono::steady_clock::now();
  support::await(clock.sleep_for(5ms));
  EXPECT_GE(std::chrono::steady_clock::now() - before, 5ms);
}

TEST(SystemClock, CanBeWokenByCancellation) {
  SystemClock clock;
  const auto first = support::await(clock.sleep_for(24h) || boost::asio::post(boost::asio::use_awaitable));
  EXPECT_EQ(first.index(), 1U);
}

}  // namespace
}  // namespace hydra_provisioner::io
