#include "io/text/local_time.hpp"

#include <ctime>
#include <optional>
#include <string_view>

#include <fmt/format.h>

#include "io/text/strings.hpp"

namespace hydra_provisioner::io {
namespace {

constexpr std::int64_t spans_max = 1'000'000;

std::optional<std::int64_t> seconds_in(std::string_view unit) {
  if (unit == "s") return 1;
  if (unit == "m") return 60;
  if (unit == "h") return 3600;
  if (unit == "d") return 86400;
  if (unit == "w") return 7 * 86400;
  return std::nullopt;
}

// `2h`
std::optional<Seconds> span_of(std::string_view text) {
  const auto count = leading_number<std::int64_t>(text);
  if (!count || count->number < 0 || count->number > spans_max) return std::nullopt;
  const auto unit = seconds_in(count->rest);
  if (!unit) return std::nullopt;
  return Seconds{count->number * *unit};
}

std::optional<Instant> before(std::string_view text, Instant now) {
  const auto span = span_of(text);
  if (!span) return std::nullopt;
  return now - *span;
}

std::tm parts_of(Instant time) { return shown_at(time, Clocks::host); }

std::optional<Instant> local_instant(const std::string& text) {
  for (const char* form : {"%Y-%m-%d", "%Y-%m-%dT%H:%M", "%Y-%m-%dT%H:%M:%S"}) {
    std::tm parts{};
    const char* end = ::strptime(text.c_str(), form, &parts);
    if (end == nullptr || *end != '\0') continue;
    const Instant time = time_of(parts, Clocks::host);
    if (parts_of(time).tm_mday != parts.tm_mday) return std::nullopt;  // 31 February
    return time;
  }
  return std::nullopt;
}

Instant midnight_of(std::tm day) {
  day.tm_hour = day.tm_min = day.tm_sec = 0;
  return time_of(day, Clocks::host);
}

}  // namespace

Expected<Instant> parse_when(const std::string& text, Instant now) {
  auto time = before(text, now);
  if (!time) time = local_instant(text);
  if (!time) {
    return failure(
        fmt::format("\"{}\" is not a time; write 2h, 3d, 2026-01-15 or 2026-01-15T12:00, in this host's time", text));
  }
  if (*time > now) return failure(fmt::format("\"{}\" is in the future: it is {} now", text, local_time(now)));
  return *time;
}

Expected<Seconds> parse_span(const std::string& text) {
  constexpr Seconds longest{10 * 366 * 86400};
  const auto span = span_of(text);
  if (!span || *span == Seconds{0} || *span > longest)
    return failure(fmt::format("\"{}\" is not a duration; write 30m, 2h or 3d", text));
  return *span;
}

Instant start_of_day(Instant time, int later) {
  std::tm parts = parts_of(time);
  parts.tm_mday += later;
  return midnight_of(parts);
}

Instant start_of_month(Instant time, int later) {
  std::tm parts = parts_of(time);
  parts.tm_mday = 1;
  parts.tm_mon += later;
  return midnight_of(parts);
}

std::tm shown_at(Instant time, Clocks clocks) {
  const std::time_t seconds = to_unix(time);
  std::tm shown{};
  if (clocks == Clocks::utc) {
    ::gmtime_r(&seconds, &shown);
    return shown;
  }
  // localtime_r need not read the zone itself, and several threads may come here first.
  [[maybe_unused]] static const bool zone_is_read = (::tzset(), true);
  ::localtime_r(&seconds, &shown);
  return shown;
}

Instant time_of(std::tm shown, Clocks clocks) {
  shown.tm_isdst = -1;
  return from_unix(clocks == Clocks::utc ? ::timegm(&shown) : std::mktime(&shown));
}

std::string local_time(Instant time) { return fmt::format("{} {}", time_without_zone(time), parts_of(time).tm_zone); }

std::string time_without_zone(Instant time) {
  const std::tm parts = parts_of(time);
  return fmt::format("{:04}-{:02}-{:02} {:02}:{:02}:{:02}", parts.tm_year + 1900, parts.tm_mon + 1, parts.tm_mday,
                     parts.tm_hour, parts.tm_min, parts.tm_sec);
}

}  // namespace hydra_provisioner::io
