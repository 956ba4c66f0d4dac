#include "config/cron_field.hpp"

#include <gtest/gtest.h>

namespace hydra_provisioner::config {
namespace {

TEST(CronField, AcceptsNamesOfDays) {
  EXPECT_EQ(parse_days("mon-fri"), std::bitset<7>("0111110"));
  EXPECT_EQ(parse_days("sat,sun"), std::bitset<7>("1000001"));
  EXPECT_EQ(parse_days("wed"), std::bitset<7>("0001000"));
  EXPECT_EQ(parse_days("*"), std::bitset<7>("1111111"));
}

TEST(CronField, NumbersDaysFromSunday) {
  EXPECT_EQ(parse_days("1-5"), parse_days("mon-fri"));
  EXPECT_EQ(parse_days("0"), parse_days("sun"));
  EXPECT_EQ(parse_days("7"), parse_days("sun"));
}

TEST(CronField, WrapsAroundTheWeekAndTheDay) {
  EXPECT_EQ(parse_days("fri-mon"), parse_days("fri,sat,sun,mon"));
  EXPECT_EQ(parse_hours("22-2"), parse_hours("22,23,0,1,2"));
}

TEST(CronField, CountsHoursFromMidnight) {
  const auto hours = parse_hours("8-17,22");
  ASSERT_TRUE(hours);
  EXPECT_EQ(hours->count(), 11U * 60);
  EXPECT_TRUE(hours->test(8 * 60) && hours->test(17 * 60 + 59) && hours->test(22 * 60));
  EXPECT_FALSE(hours->test(18 * 60) || hours->test(8 * 60 - 1));
}

TEST(CronField, AcceptsTimesWithMinutes) {
  const auto office = parse_hours("06:30-19:30");
  ASSERT_TRUE(office);
  EXPECT_EQ(office->count(), 13U * 60);
  EXPECT_TRUE(office->test(6 * 60 + 30) && office->test(19 * 60 + 29));
  EXPECT_FALSE(office->test(6 * 60 + 29) || office->test(19 * 60 + 30));
  EXPECT_EQ(parse_hours("8:00-18:00"), parse_hours("8-17"));
  EXPECT_EQ(parse_hours("22:30-01:15,12"), parse_hours("22:30-24:00,0:00-1:15,12"));
}

TEST(CronField, RefusesInvalidText) {
  for (const char* text : {"", "monday", "mon-", "-fri", "mon fri", "8", "mon,,tue", "mon-fri-sun"})
    EXPECT_FALSE(parse_days(text)) << text;
  for (const char* text : {"", "24", "8-24", "-1", "8:30", "8-", "*/2", "1,", "8:30-9", "8:3-9:00", "8:60-9:00",
                           "24:01-3:00", "8:00-8:00", "00:00-24:00", "-8:00"})
    EXPECT_FALSE(parse_hours(text)) << text;
}

}  // namespace
}  // namespace hydra_provisioner::config
