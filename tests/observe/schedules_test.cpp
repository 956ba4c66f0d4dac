#include "observe/schedules.hpp"

#include <chrono>

#include <gtest/gtest.h>

namespace hydra_provisioner::observe {
namespace {

using namespace std::chrono_literals;
using std::chrono::January;
using std::chrono::July;
using std::chrono::March;
using std::chrono::year_month_day;

Instant utc(year_month_day day, Seconds time) { return std::chrono::sys_days{day} + time; }
constexpr year_month_day thursday = 2026y / January / 15;

// From hours, as digits from 23 down to 0.
std::bitset<minutes_of_day> minutes_in(const std::string& hours) {
  const std::bitset<24> chosen(hours);
  std::bitset<minutes_of_day> minutes;
  for (std::size_t minute = 0; minute < minutes_of_day; ++minute) minutes.set(minute, chosen.test(minute / 60));
  return minutes;
}

Schedule schedule(const std::string& days, const std::string& hours, std::int64_t min,
                  const std::string& zone = "UTC") {
  return {.text = days + hours,
          .days = std::bitset<7>(days),
          .minutes = minutes_in(hours),
          .time_zone = zone,
          .min_machines = min,
          .max_machines = {}};
}

const std::string every_day = "1111111";
const std::string workdays = "0111110";
const std::string eight_to_five = "000000111111111100000000";  // from 23 down to 0
const std::string always = "111111111111111111111111";

TEST(Schedules, MatchOnTheirDaysAndHours) {
  const std::vector<Schedule> by_day{schedule(workdays, eight_to_five, 3)};
  EXPECT_EQ(scheduled_limits(by_day, utc(thursday, 8h)).min_machines, 3);
  EXPECT_EQ(scheduled_limits(by_day, utc(thursday, 17h + 59min + 59s)).min_machines, 3);
  EXPECT_EQ(scheduled_limits(by_day, utc(thursday, 7h + 59min + 59s)).period, "");
  EXPECT_EQ(scheduled_limits(by_day, utc(thursday, 18h)).min_machines, std::nullopt);
}

TEST(Schedules, SayWhenAnotherWillMatch) {
  const std::vector<Schedule> by_day{schedule(workdays, eight_to_five, 3)};
  EXPECT_EQ(scheduled_limits(by_day, utc(thursday, 12h + 1s)).until, utc(thursday, 18h));
  const Instant friday_evening = utc(thursday, 24h + 18h);
  EXPECT_EQ(scheduled_limits(by_day, friday_evening).until, utc(thursday, 4 * 24h + 8h)) << "on Monday";
  EXPECT_EQ(scheduled_limits({schedule(every_day, always, 1)}, friday_evening).until, std::nullopt);
}

TEST(Schedules, MayBeginAndEndAtAnyMinute) {
  Schedule office = schedule(every_day, always, 3);
  office.minutes.reset();
  for (std::size_t minute = 6 * 60 + 31; minute < 19 * 60 + 30; ++minute) office.minutes.set(minute);
  EXPECT_EQ(scheduled_limits({office}, utc(thursday, 6h + 30min + 59s)).min_machines, std::nullopt);
  EXPECT_EQ(scheduled_limits({office}, utc(thursday, 6h)).until, utc(thursday, 6h + 31min));
  EXPECT_EQ(scheduled_limits({office}, utc(thursday, 6h + 31min)).min_machines, 3);
  EXPECT_EQ(scheduled_limits({office}, utc(thursday, 12h)).until, utc(thursday, 19h + 30min));
  EXPECT_EQ(scheduled_limits({office}, utc(thursday, 19h + 30min)).min_machines, std::nullopt);
}

TEST(Schedules, LetTheLastThatMatchesCount) {
  const std::vector<Schedule> both{schedule(every_day, always, 1), schedule(workdays, eight_to_five, 3)};
  EXPECT_EQ(scheduled_limits(both, utc(thursday, 12h)).min_machines, 3);
  EXPECT_EQ(scheduled_limits(both, utc(thursday, 20h)).min_machines, 1);
}

TEST(Schedules, UseTheirTimeZone) {
  const std::vector<Schedule> in_amsterdam{schedule(workdays, eight_to_five, 3, "Europe/Amsterdam")};
  EXPECT_EQ(scheduled_limits(in_amsterdam, utc(thursday, 7h)).min_machines, 3) << "8:00 there";
  EXPECT_EQ(scheduled_limits(in_amsterdam, utc(thursday, 17h)).min_machines, std::nullopt);
  EXPECT_EQ(scheduled_limits(in_amsterdam, utc(2026y / July / 15, 6h)).min_machines, 3) << "in summer an hour earlier";
  EXPECT_EQ(scheduled_limits({schedule(every_day, eight_to_five, 3, "Asia/Kathmandu")}, utc(thursday, 9h)).until,
            utc(thursday, 12h + 15min));
}

TEST(Schedules, KnowNightsInWhichTheClockIsChanged) {
  // On 29 March 2026 in Amsterdam 3:00 follows 1:59.
  const std::vector<Schedule> from_three{schedule(every_day, "000000000000000000001000", 2, "Europe/Amsterdam")};
  EXPECT_EQ(scheduled_limits(from_three, utc(2026y / March / 29, 0s)).until, utc(2026y / March / 29, 1h));
}

}  // namespace
}  // namespace hydra_provisioner::observe
