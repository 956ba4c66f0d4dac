// Where the axes of plots have their ticks, and what stands beside them.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "io/text/local_time.hpp"
#include "model/time.hpp"

namespace hydra_provisioner::html {

inline constexpr std::string_view unit_of_durations = "s";

struct ValueTick {
  double value = 0;
  std::string label;
};

// From 0 to the first one that is not below `most`: round numbers, of durations round in the units that people use.
std::vector<ValueTick> value_ticks(double most, std::string_view unit);

// As it stands beside an axis: `20k`; of durations `5 min`.
std::string axis_text(double value, std::string_view unit);

// `12.34`, `1200`; of durations `3 h 05 min`. Without the unit otherwise.
std::string value_text(double value, std::string_view unit);

struct TimeTick {
  Instant time;
  std::string label;   // `10:00`; of days `5 Jan`
  std::string date{};  // where it changes, and at the first tick: `Mon 5 Jan`; of days the year
};

// At most seven, where clocks show round times: full minutes, hours, days, Mondays, months or years.
std::vector<TimeTick> time_ticks(Instant begin, Instant end, io::Clocks clocks);

std::string time_text(Instant time, io::Clocks clocks);                     // `2026-01-15 12:00:30`
std::string period_text(Instant begin, Instant end, io::Clocks clocks);     // `2026-01-15 12:00 to 12:30`
std::string time_zone_text(Instant begin, Instant end, io::Clocks clocks);  // `UTC`, `CET`, `CET and CEST`

}  // namespace hydra_provisioner::html
