#include "html/ticks.hpp"

#include <cstdlib>
#include <ctime>
#include <optional>
#include <string>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace hydra_provisioner::html {
namespace {

using std::chrono::days;
using std::chrono::hours;
using std::chrono::minutes;
using testing::ElementsAre;

constexpr Instant first_monday = std::chrono::sys_days{std::chrono::year{2026} / 1 / 5};

// Makes a time zone that of this host.
class HostIn {
 public:
  explicit HostIn(const char* zone) {
    if (const char* before = std::getenv("TZ")) before_ = before;
    set(zone);
  }
  HostIn(const HostIn&) = delete;
  HostIn& operator=(const HostIn&) = delete;
  ~HostIn() { set(before_ ? before_->c_str() : nullptr); }

 private:
  static void set(const char* zone) {
    if (zone == nullptr)
      ::unsetenv("TZ");
    else
      ::setenv("TZ", zone, 1);
    ::tzset();
  }

  std::optional<std::string> before_;
};

// Without a tz database.
constexpr const char* berlin = "CET-1CEST,M3.5.0,M10.5.0/3";
constexpr Instant spring_day = std::chrono::sys_days{std::chrono::year{2026} / 3 / 29} - hours{1};  // local midnight
constexpr Instant autumn_day = std::chrono::sys_days{std::chrono::year{2026} / 10 / 25} - hours{2};

std::vector<std::string> labels(double most, std::string_view unit = "steps") {
  std::vector<std::string> labels;
  for (const ValueTick& tick : value_ticks(most, unit)) labels.push_back(tick.label);
  return labels;
}

std::vector<std::string> labels(Instant begin, Instant end, io::Clocks clocks = io::Clocks::utc) {
  std::vector<std::string> labels;
  for (const TimeTick& tick : time_ticks(begin, end, clocks))
    labels.push_back(tick.date.empty() ? tick.label : tick.label + "|" + tick.date);
  return labels;
}

TEST(ValueTicks, AreRoundNumbersUpToTheHighestValue) {
  EXPECT_THAT(labels(10), ElementsAre("0", "2", "4", "6", "8", "10"));
  EXPECT_THAT(labels(10.1), ElementsAre("0", "5", "10", "15"));
  EXPECT_THAT(labels(0.3), ElementsAre("0", "0.1", "0.2", "0.3"));
  EXPECT_THAT(labels(1), ElementsAre("0", "0.2", "0.4", "0.6", "0.8", "1"));
}

TEST(ValueTicks, OfHugeAndTinyValuesHaveShortLabels) {
  EXPECT_THAT(labels(45'000), ElementsAre("0", "10k", "20k", "30k", "40k", "50k"));
  EXPECT_THAT(labels(3e6), ElementsAre("0", "1M", "2M", "3M"));
  for (const double most : {1e-12, 3e-5, 7e-3, 123456.0, 9.9e8, 4e12, 1e300}) {
    for (const std::string& label : labels(most)) EXPECT_LE(label.size(), 6U) << label;
    EXPECT_LE(labels(most).size(), 7U) << most;
  }
}

TEST(ValueTicks, AreThereEvenIfAllValuesAreZero) { EXPECT_EQ(labels(0), labels(1)); }

TEST(ValueTicks, OfDurationsAreRoundInTheirUnits) {
  EXPECT_THAT(labels(600, "s"), ElementsAre("0 s", "2 min", "4 min", "6 min", "8 min", "10 min"));
  EXPECT_THAT(labels(4 * 3600, "s"), ElementsAre("0 s", "1 h", "2 h", "3 h", "4 h"));
  EXPECT_THAT(labels(86400, "s"), ElementsAre("0 s", "6 h", "12 h", "18 h", "1 d"));
  EXPECT_THAT(labels(40 * 86400, "s"), ElementsAre("0 s", "10 d", "20 d", "30 d", "40 d"));
  EXPECT_THAT(labels(0.4, "s"), ElementsAre("0 s", "0.1 s", "0.2 s", "0.3 s", "0.4 s"));
}

TEST(ValueText, SaysNoMoreDigitsThanMatter) {
  EXPECT_EQ(value_text(12.345, "EUR"), "12.35");
  EXPECT_EQ(value_text(3, "steps"), "3");
  EXPECT_EQ(value_text(1200, "steps"), "1200");
  EXPECT_EQ(value_text(0.01234, "machines"), "0.012");
  EXPECT_EQ(value_text(0, "machines"), "0");
  EXPECT_EQ(value_text(11100, "s"), "3 h 05 min");
  EXPECT_EQ(value_text(1.5, "s"), "1.5 s");
}

TEST(TimeTicks, SayTheDayWhereItChanges) {
  EXPECT_THAT(labels(first_monday + hours{10}, first_monday + hours{34}),
              ElementsAre("12:00|Mon 5 Jan", "18:00", "00:00|Tue 6 Jan", "06:00"));
}

TEST(TimeTicks, LeaveOutTheFirstDayWhereTheSecondNeedsTheRoom) {
  EXPECT_THAT(labels(first_monday + hours{17}, first_monday + hours{42}),
              ElementsAre("18:00", "00:00|Tue 6 Jan", "06:00", "12:00", "18:00"));
}

TEST(TimeTicks, AreWholeMinutesHoursDaysMondaysMonthsOrYearsThatFitTheSpan) {
  EXPECT_THAT(labels(first_monday + minutes{3}, first_monday + minutes{31}),
              ElementsAre("00:05|Mon 5 Jan", "00:10", "00:15", "00:20", "00:25", "00:30"));
  EXPECT_THAT(labels(first_monday + hours{1}, first_monday + days{5}),
              ElementsAre("6 Jan|2026", "7 Jan", "8 Jan", "9 Jan", "10 Jan"));
  EXPECT_THAT(labels(first_monday + hours{1}, first_monday + days{30}),
              ElementsAre("12 Jan|2026", "19 Jan", "26 Jan", "2 Feb"));
  EXPECT_THAT(labels(first_monday, first_monday + days{180}),
              ElementsAre("Feb|2026", "Mar", "Apr", "May", "Jun", "Jul"));
  EXPECT_THAT(labels(first_monday - days{300}, first_monday + days{200}),
              ElementsAre("Apr|2025", "Jul", "Oct", "Jan|2026", "Apr", "Jul"));
  EXPECT_THAT(labels(first_monday - days{3000}, first_monday), ElementsAre("2018", "2020", "2022", "2024", "2026"));
}

TEST(TimeTicks, AreFewInEverySpan) {
  for (std::int64_t seconds = 1; seconds < 20LL * 366 * 86400; seconds += seconds / 7 + 1)
    EXPECT_LE(
        time_ticks(first_monday + minutes{7}, first_monday + minutes{7} + Seconds{seconds}, io::Clocks::utc).size(), 7U)
        << seconds;
  EXPECT_EQ(time_ticks(first_monday, first_monday, io::Clocks::utc).size(), 1U);
}

TEST(TimeTicks, StandAtTheHoursThatTheClockShowsAlsoBehindItsChange) {
  const HostIn host(berlin);
  EXPECT_THAT(labels(spring_day, spring_day + hours{23}, io::Clocks::host),
              ElementsAre("00:00|Sun 29 Mar", "06:00", "12:00", "18:00", "00:00|Mon 30 Mar"));
  EXPECT_THAT(labels(autumn_day, autumn_day + hours{25}, io::Clocks::host),
              ElementsAre("00:00|Sun 25 Oct", "06:00", "12:00", "18:00", "00:00|Mon 26 Oct"));
  EXPECT_EQ(time_ticks(spring_day, spring_day + hours{23}, io::Clocks::host)[1].time, spring_day + hours{5});
  EXPECT_THAT(labels(spring_day - days{2}, spring_day + days{3}, io::Clocks::host),
              ElementsAre("27 Mar|2026", "28 Mar", "29 Mar", "30 Mar", "31 Mar", "1 Apr"));
}

TEST(TimeTicks, AreAtNoHourThatTheClockLeavesOutAndAtBothThatItShowsTwice) {
  const HostIn host(berlin);
  EXPECT_THAT(labels(spring_day, spring_day + hours{4}, io::Clocks::host),
              ElementsAre("00:00|Sun 29 Mar", "01:00", "03:00", "04:00", "05:00"));
  EXPECT_THAT(labels(autumn_day, autumn_day + hours{5}, io::Clocks::host),
              ElementsAre("00:00|Sun 25 Oct", "01:00", "02:00", "02:00", "03:00", "04:00"));
  EXPECT_THAT(labels(spring_day, spring_day + hours{11}, io::Clocks::host),
              ElementsAre("00:00|Sun 29 Mar", "04:00", "06:00", "08:00", "10:00", "12:00"));
}

TEST(Periods, SayTheirDayOnce) {
  EXPECT_EQ(period_text(first_monday, first_monday + hours{2}, io::Clocks::utc), "2026-01-05 00:00 to 02:00");
  EXPECT_EQ(period_text(first_monday, first_monday + hours{24}, io::Clocks::utc),
            "2026-01-05 00:00 to 2026-01-06 00:00");
  EXPECT_EQ(time_text(first_monday + Seconds{1}, io::Clocks::utc), "2026-01-05 00:00:01");
}

TEST(TimeZones, AreBothOfATimeInWhichTheyChange) {
  const HostIn host(berlin);
  EXPECT_EQ(time_zone_text(spring_day, spring_day + hours{9}, io::Clocks::host), "CET and CEST");
  EXPECT_EQ(time_zone_text(first_monday, first_monday, io::Clocks::host), "CET");
  EXPECT_EQ(time_zone_text(first_monday, first_monday, io::Clocks::utc), "UTC");
}

}  // namespace
}  // namespace hydra_provisioner::html
