#include "io/text/local_time.hpp"

#include <gtest/gtest.h>

#include "tests/support/usual.hpp"

namespace hydra_provisioner::io {
namespace {

using support::noon;

std::string text(Instant time) { return local_time(time).substr(0, 19); }

// Whatever time zone this host is in.
TEST(LocalDays, BeginAtMidnight) {
  EXPECT_EQ(text(start_of_day(noon)).substr(11), "00:00:00");
  EXPECT_EQ(text(start_of_day(noon)).substr(0, 10), text(noon).substr(0, 10));
  EXPECT_EQ(start_of_day(start_of_day(noon)), start_of_day(noon));
  EXPECT_EQ(start_of_day(noon, 1), start_of_day(start_of_day(noon) + Seconds{36 * 3600}));
}

TEST(LocalMonths, BeginAtTheirFirstMidnight) {
  EXPECT_EQ(text(start_of_month(noon)), "2026-01-01 00:00:00");
  EXPECT_EQ(text(start_of_month(noon, 1)), "2026-02-01 00:00:00");
  EXPECT_EQ(text(start_of_month(noon, 12)), "2027-01-01 00:00:00");
}

}  // namespace
}  // namespace hydra_provisioner::io
