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

TEST(TimeZone, HasItsOwnTimeAndDay) {
  EXPECT_EQ(local_time_in("UTC", thursday_noon), (LocalTime{.weekday = 4, .minute = 12 * 60}));
  EXPECT_EQ(local_time_in("Asia/Tokyo", thursday_noon), (LocalTime{.weekday = 4, .minute = 21 * 60}));
  EXPECT_EQ(local_time_in("Pacific/Auckland", thursday_noon), (LocalTime{.weekday = 5, .minute = 60}));
}

TEST(TimeZone, MayHaveMinutesOfItsOwn) {
  EXPECT_EQ(local_time_in("Asia/Kathmandu", thursday_noon), (LocalTime{.weekday = 4, .minute = 17 * 60 + 45}));
}

TEST(TimeZone, IsUtcWhenItIsUnknown) {
  EXPECT_EQ(local_time_in("Europe/Nowhere", thursday_noon), (LocalTime{.weekday = 4, .minute = 12 * 60}));
}

}  // namespace
}  // namespace hydra_provisioner::io
