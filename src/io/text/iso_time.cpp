#include "io/text/iso_time.hpp"

#include <algorithm>
#include <array>
#include <chrono>

#include <fmt/chrono.h>
#include <fmt/format.h>

#include "io/text/strings.hpp"

namespace hydra_provisioner::io {
namespace {

// The numbers of a text that looks like the pattern, in which a `0` stands for a digit.
template <std::size_t N>
std::optional<std::array<int, N>> numbers_in(std::string_view text, std::string_view pattern) {
  if (text.size() != pattern.size()) return std::nullopt;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const bool fits = pattern[i] == '0' ? is_digit(text[i]) : text[i] == pattern[i];
    if (!fits) return std::nullopt;
  }
  std::array<int, N> numbers{};
  std::ranges::transform(words(text, "-T:"), numbers.begin(),
                         [](std::string_view digits) { return parse_number<int>(digits).value_or(0); });
  return numbers;
}

// Of `Z` or `+02:00`: how far its clocks are ahead of UTC.
std::optional<Seconds> offset_of(std::string_view zone) {
  if (zone.empty() || zone == "Z") return Seconds{0};
  if (zone.front() != '+' && zone.front() != '-') return std::nullopt;
  const auto offset = numbers_in<2>(zone.substr(1), "00:00");
  if (!offset) return std::nullopt;
  const Seconds seconds = std::chrono::hours((*offset)[0]) + std::chrono::minutes((*offset)[1]);
  return zone.front() == '+' ? seconds : -seconds;
}

std::string_view without_fraction(std::string_view text) {
  if (!text.starts_with('.')) return text;
  text.remove_prefix(1);
  while (!text.empty() && is_digit(text.front())) text.remove_prefix(1);
  return text;
}

}  // namespace

std::string iso_time(Instant time) {
  return fmt::format("{:%Y-%m-%dT%H:%M:%SZ}", fmt::gmtime(static_cast<std::time_t>(to_unix(time))));
}

std::optional<Instant> parse_iso_time(std::string_view text) {
  constexpr std::string_view pattern = "0000-00-00T00:00:00";
  const auto written = numbers_in<6>(text.substr(0, pattern.size()), pattern);
  if (!written) return std::nullopt;
  const auto [year, month, day, hours, minutes, seconds] = *written;
  const std::chrono::year_month_day date{std::chrono::year(year), std::chrono::month(static_cast<unsigned>(month)),
                                         std::chrono::day(static_cast<unsigned>(day))};
  const auto offset = offset_of(without_fraction(text.substr(pattern.size())));
  if (!date.ok() || hours > 23 || minutes > 59 || seconds > 60 || !offset) return std::nullopt;
  return std::chrono::sys_days(date) + std::chrono::hours(hours) + std::chrono::minutes(minutes) + Seconds(seconds) -
         *offset;
}

}  // namespace hydra_provisioner::io
