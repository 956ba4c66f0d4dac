#include "html/ticks.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <ctime>
#include <utility>

#include <fmt/format.h>

#include "io/text/wording.hpp"

namespace hydra_provisioner::html {
namespace {

constexpr double value_steps_max = 5;
constexpr std::int64_t time_steps_max = 6;
constexpr std::int64_t short_time_steps_max = 4;  // whose labels have seconds

constexpr std::int64_t minute = 60;
constexpr std::int64_t hour = 60 * minute;
constexpr std::int64_t day = 24 * hour;

// Up to days; above them, steps are round numbers of days.
constexpr std::array<std::int64_t, 19> round_durations{
    1,           2,           5,    10,       15,       30,       minute,    2 * minute, 5 * minute, 10 * minute,
    15 * minute, 30 * minute, hour, 2 * hour, 3 * hour, 6 * hour, 12 * hour, day,        2 * day};

// 1, 2 or 5 with zeros.
double round_step(double least) {
  const double power = std::pow(10, std::floor(std::log10(least)));
  for (const double factor : {1.0, 2.0, 5.0}) {
    // A step that is too small only by a rounding error will do.
    if (factor * power >= least * (1 - 1e-9)) return factor * power;
  }
  return 10 * power;
}

double duration_step(double least) {
  if (least <= 0.5) return round_step(least);
  for (const std::int64_t duration : round_durations) {
    if (static_cast<double>(duration) >= least) return static_cast<double>(duration);
  }
  return round_step(least / day) * day;
}

std::string duration_label(double seconds) {
  if (seconds != std::floor(seconds)) return fmt::format("{:.4g} s", seconds);
  for (const auto& [size, unit] : {std::pair{day, "d"}, {hour, "h"}, {minute, "min"}}) {
    if (seconds > 0 && std::fmod(seconds, static_cast<double>(size)) == 0)
      return fmt::format("{:g} {}", seconds / static_cast<double>(size), unit);
  }
  return fmt::format("{:g} s", seconds);
}

std::string number_label(double value) {
  if (value < 1e4 || value >= 1e13) return fmt::format("{:.6g}", value);
  for (const auto& [size, suffix] : {std::pair{1e9, "G"}, {1e6, "M"}, {1e3, "k"}}) {
    if (value >= size) return fmt::format("{:.4g}{}", value / size, suffix);
  }
  return "";
}

std::string without_zeros_at_the_end(std::string number) {
  if (!number.contains('.')) return number;
  number.erase(number.find_last_not_of('0') + 1);
  if (number.ends_with('.')) number.pop_back();
  return number;
}

// How far apart ticks of time are.
struct TimeStep {
  enum class Of : std::uint8_t { seconds, hours, days, weeks, months, years } of;
  int count;
  std::int64_t seconds;  // about
};

constexpr std::array<TimeStep, 29> time_steps{{
    {TimeStep::Of::seconds, 1, 1},
    {TimeStep::Of::seconds, 5, 5},
    {TimeStep::Of::seconds, 10, 10},
    {TimeStep::Of::seconds, 30, 30},
    {TimeStep::Of::seconds, minute, minute},
    {TimeStep::Of::seconds, 2 * minute, 2 * minute},
    {TimeStep::Of::seconds, 5 * minute, 5 * minute},
    {TimeStep::Of::seconds, 10 * minute, 10 * minute},
    {TimeStep::Of::seconds, 15 * minute, 15 * minute},
    {TimeStep::Of::seconds, 30 * minute, 30 * minute},
    {TimeStep::Of::seconds, hour, hour},
    {TimeStep::Of::hours, 2, 2 * hour},
    {TimeStep::Of::hours, 3, 3 * hour},
    {TimeStep::Of::hours, 6, 6 * hour},
    {TimeStep::Of::hours, 12, 12 * hour},
    {TimeStep::Of::days, 1, day},
    {TimeStep::Of::days, 2, 2 * day},
    {TimeStep::Of::days, 3, 3 * day},
    {TimeStep::Of::weeks, 1, 7 * day},
    {TimeStep::Of::weeks, 2, 14 * day},
    {TimeStep::Of::months, 1, 30 * day},
    {TimeStep::Of::months, 2, 61 * day},
    {TimeStep::Of::months, 3, 91 * day},
    {TimeStep::Of::months, 6, 182 * day},
    {TimeStep::Of::years, 1, 365 * day},
    {TimeStep::Of::years, 2, 731 * day},
    {TimeStep::Of::years, 5, 1826 * day},
    {TimeStep::Of::years, 10, 3652 * day},
    {TimeStep::Of::years, 100, 36524 * day},
}};

TimeStep step_for(Seconds span) {
  const auto* fitting = std::ranges::find_if(time_steps, [&](const TimeStep& step) {
    return span.count() <= step.seconds * (step.seconds < minute ? short_time_steps_max : time_steps_max);
  });
  return fitting == time_steps.end() ? time_steps.back() : *fitting;
}

// The last round time that is not after this one.
std::tm rounded_down(std::tm shown, TimeStep step) {
  using Of = TimeStep::Of;
  shown.tm_sec = shown.tm_min = 0;
  if (step.of == Of::hours) shown.tm_hour -= shown.tm_hour % step.count;
  if (step.of >= Of::days) shown.tm_hour = 0;
  if (step.of == Of::weeks) shown.tm_mday -= (shown.tm_wday + 6) % 7;  // Monday
  if (step.of >= Of::months) shown.tm_mday = 1;
  if (step.of == Of::months) shown.tm_mon -= shown.tm_mon % step.count;
  if (step.of == Of::years) shown.tm_mon = 0;
  if (step.of == Of::years) shown.tm_year -= (shown.tm_year + 1900) % step.count;
  return shown;
}

std::tm next(std::tm shown, TimeStep step) {
  switch (step.of) {
    case TimeStep::Of::seconds:
      shown.tm_sec += step.count;
      break;
    case TimeStep::Of::hours:
      shown.tm_hour += step.count;
      break;
    case TimeStep::Of::days:
      shown.tm_mday += step.count;
      break;
    case TimeStep::Of::weeks:
      shown.tm_mday += 7 * step.count;
      break;
    case TimeStep::Of::months:
      shown.tm_mon += step.count;
      break;
    case TimeStep::Of::years:
      shown.tm_year += step.count;
      break;
  }
  return shown;
}

// Where no clock is put forward or back, minutes and hours of the clock are those of time. So each of the two hours
// that show the same when a clock is put back has its ticks.
std::vector<Instant> steps_of_time(Instant begin, Instant end, Seconds step, io::Clocks clocks) {
  const std::tm shown = io::shown_at(begin, clocks);
  const Seconds since_midnight{shown.tm_hour * hour + shown.tm_min * minute + shown.tm_sec};
  const Seconds over = since_midnight % step;
  std::vector<Instant> times;
  for (Instant time = over == Seconds{0} ? begin : begin + step - over; time <= end; time += step)
    times.push_back(time);
  return times;
}

std::vector<Instant> steps_of_the_clock(Instant begin, Instant end, TimeStep step, io::Clocks clocks) {
  std::vector<Instant> times;
  std::tm shown = rounded_down(io::shown_at(begin, clocks), step);
  for (Instant time = io::time_of(shown, clocks); time <= end; time = io::time_of(shown, clocks)) {
    // A clock that is put forward never shows some times.
    const bool is_shown = step.of != TimeStep::Of::hours || io::shown_at(time, clocks).tm_hour % step.count == 0;
    if (time >= begin && is_shown) times.push_back(time);
    shown = next(shown, step);
  }
  return times;
}

constexpr std::array<std::string_view, 12> months{"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                                  "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
constexpr std::array<std::string_view, 7> weekdays{"Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"};

std::string_view month_of(const std::tm& shown) { return months.at(static_cast<std::size_t>(shown.tm_mon)); }

std::string year_of(const std::tm& shown) { return fmt::format("{}", shown.tm_year + 1900); }

std::string day_of(const std::tm& shown) { return fmt::format("{} {}", shown.tm_mday, month_of(shown)); }

std::string iso_day_of(const std::tm& shown) {
  return fmt::format("{:04}-{:02}-{:02}", shown.tm_year + 1900, shown.tm_mon + 1, shown.tm_mday);
}

// Seconds only where they say something.
std::string clock_of(const std::tm& shown) {
  const std::string minutes = fmt::format("{:02}:{:02}", shown.tm_hour, shown.tm_min);
  return shown.tm_sec == 0 ? minutes : fmt::format("{}:{:02}", minutes, shown.tm_sec);
}

TimeTick tick_at(Instant time, TimeStep step, io::Clocks clocks) {
  const std::tm shown = io::shown_at(time, clocks);
  if (step.of == TimeStep::Of::years) return {.time = time, .label = year_of(shown)};
  if (step.of == TimeStep::Of::months)
    return {.time = time, .label = std::string(month_of(shown)), .date = year_of(shown)};
  if (step.of >= TimeStep::Of::days) return {.time = time, .label = day_of(shown), .date = year_of(shown)};
  const std::string_view weekday = weekdays.at(static_cast<std::size_t>(shown.tm_wday));
  return {.time = time, .label = clock_of(shown), .date = fmt::format("{} {}", weekday, day_of(shown))};
}

// Where it changes. The first tick has it, too, unless that of the second one needs the room.
void drop_repeated_dates(std::vector<TimeTick>& ticks) {
  for (std::size_t i = ticks.size(); i-- > 1;) {
    if (ticks[i].date == ticks[i - 1].date) ticks[i].date.clear();
  }
  if (ticks.size() > 1 && !ticks[1].date.empty()) ticks[0].date.clear();
}

}  // namespace

std::vector<ValueTick> value_ticks(double most, std::string_view unit) {
  if (!(most > 0)) most = 1;
  const double step =
      unit == unit_of_durations ? duration_step(most / value_steps_max) : round_step(most / value_steps_max);
  std::vector<ValueTick> ticks;
  for (int i = 0; ticks.empty() || ticks.back().value < most * (1 - 1e-9); ++i) {
    const double value = i * step;
    ticks.push_back({value, axis_text(value, unit)});
  }
  return ticks;
}

std::string axis_text(double value, std::string_view unit) {
  return unit == unit_of_durations ? duration_label(value) : number_label(value);
}

std::string value_text(double value, std::string_view unit) {
  if (unit == unit_of_durations && value >= 10) return io::span_text(Seconds{std::llround(value)});
  const std::string_view shown_unit = unit == unit_of_durations ? " s" : "";
  if (value >= 1e15) return fmt::format("{:.3g}{}", value, shown_unit);
  if (value > 0 && value < 1) return fmt::format("{:.2g}{}", value, shown_unit);
  return without_zeros_at_the_end(fmt::format("{:.2f}", value)) + std::string(shown_unit);
}

std::vector<TimeTick> time_ticks(Instant begin, Instant end, io::Clocks clocks) {
  const TimeStep step = step_for(end - begin);
  std::vector<TimeTick> ticks;
  for (const Instant time : step.of == TimeStep::Of::seconds ? steps_of_time(begin, end, Seconds{step.count}, clocks)
                                                             : steps_of_the_clock(begin, end, step, clocks))
    ticks.push_back(tick_at(time, step, clocks));
  drop_repeated_dates(ticks);
  return ticks;
}

std::string time_text(Instant time, io::Clocks clocks) {
  const std::tm shown = io::shown_at(time, clocks);
  return fmt::format("{} {}", iso_day_of(shown), clock_of(shown));
}

std::string period_text(Instant begin, Instant end, io::Clocks clocks) {
  const std::tm last = io::shown_at(end, clocks);
  const bool is_same_day = iso_day_of(last) == iso_day_of(io::shown_at(begin, clocks));
  return fmt::format("{} to {}", time_text(begin, clocks), is_same_day ? clock_of(last) : time_text(end, clocks));
}

std::string time_zone_text(Instant begin, Instant end, io::Clocks clocks) {
  if (clocks == io::Clocks::utc) return "UTC";
  const std::string first = io::shown_at(begin, clocks).tm_zone;
  const std::string last = io::shown_at(end, clocks).tm_zone;
  return first == last ? first : fmt::format("{} and {}", first, last);
}

}  // namespace hydra_provisioner::html
