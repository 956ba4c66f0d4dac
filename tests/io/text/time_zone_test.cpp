#include "io/text/time_zone.hpp"

#include <chrono>

#include <gtest/gtest.h>

namespace hydra_provisioner::io {
namespace {

using namespace std::chrono_literals;

constexpr Instant thursday_noon = std::chrono::sys_days{2026y / std::chrono::January / 15} + 12h;

TEST(TimeZone, IsKnownByItsName) {
  EXPECT_TRUE(is_time_zone("Europe/Amsterdam"));
  EXPECT_TRUE(is_time_zone("UTC"));
  for (const char* name : {"", "Europe/Nowhere", "../../etc/passwd", "CEST"}) EXPECT_FALSE(is_time_zone(name)) << name;
}

TEST(TimeZone, HasItsOwnHourAndDay) {
  EXPECT_EQ(local_hour("UTC", thursday_noon), (LocalHour{.weekday = 4, .hour = 12}));
  EXPECT_EQ(local_hour("Asia/Tokyo", thursday_noon), (LocalHour{.weekday = 4, .hour = 21}));
  EXPECT_EQ(local_hour("Pacific/Auckland", thursday_noon), (LocalHour{.weekday = 5, .hour = 1}));
}

TEST(TimeZone, IsUtcWhenItIsUnknown) {
  EXPECT_EQ(local_hour("Europe/Nowhere", thursday_noon), (LocalHour{.weekday = 4, .hour = 12}));
}

}  // namespace
}  // namespace hydra_provisioner::io
