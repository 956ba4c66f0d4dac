// Times as users write and read them: in the time zone of this host.
#pragma once

#include <cstdint>
#include <ctime>
#include <string>

#include "model/error.hpp"
#include "model/time.hpp"

namespace hydra_provisioner::io {

// Reads `2h` or `3d` (before `now`; also s, m and w), `2026-01-15`, `2026-01-15T12:00` or `2026-01-15T12:00:30`. A time
// in the future is an error.
Expected<Instant> parse_when(const std::string& text, Instant now);

// Reads `30m`, `2h` or `3d`: more than 0, at most ten years.
Expected<Seconds> parse_span(const std::string& text);

// The beginning of its day or month, or of one that many days or months later.
Instant start_of_day(Instant time, int later = 0);
Instant start_of_month(Instant time, int later = 0);

// Whose clocks times are told by.
enum class Clocks : std::uint8_t { host, utc };

// What they show then, and when they show this. As for mktime(), parts may be too large: the 32nd of January is the 1st
// of February.
std::tm shown_at(Instant time, Clocks clocks);
Instant time_of(std::tm shown, Clocks clocks);

std::string local_time(Instant time);         // `2026-01-15 12:00:30 CET`
std::string time_without_zone(Instant time);  // `2026-01-15 12:00:30`: of times in a simulation

}  // namespace hydra_provisioner::io
