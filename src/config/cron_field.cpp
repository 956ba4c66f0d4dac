#include "config/cron_field.hpp"

#include <algorithm>
#include <array>
#include <ranges>

#include "io/text/strings.hpp"

namespace hydra_provisioner::config {
namespace {

std::optional<std::size_t> number_in(std::string_view text, std::size_t max) {
  const auto number = io::parse_number<std::size_t>(text);
  return number && *number <= max ? number : std::nullopt;
}

std::optional<std::size_t> day_in(std::string_view text) {
  static constexpr std::array<std::string_view, 7> names{"sun", "mon", "tue", "wed", "thu", "fri", "sat"};
  if (const auto found = std::ranges::find(names, text); found != names.end())
    return static_cast<std::size_t>(found - names.begin());
  const auto number = number_in(text, 7);
  if (!number) return std::nullopt;
  return *number % 7;
}

std::optional<std::size_t> hour_in(std::string_view text) { return number_in(text, 23); }

// `06:30`, and `24:00` for the end of the day
std::optional<std::size_t> minute_in(std::string_view text) {
  const auto colon = text.find(':');
  if (colon == std::string_view::npos || text.size() != colon + 3) return std::nullopt;
  const auto hour = number_in(text.substr(0, colon), 24);
  const auto minute = number_in(text.substr(colon + 1), 59);
  if (!hour || !minute || *hour * 60 + *minute > minutes_of_day) return std::nullopt;
  return *hour * 60 + *minute;
}

template <std::size_t N>
void set_range(std::bitset<N>& chosen, std::size_t first, std::size_t end) {
  for (std::size_t at = first % N; at != end % N; at = (at + 1) % N) chosen.set(at);
}

// `mon` or `fri-mon`
bool add_days(std::bitset<7>& chosen, std::string_view text) {
  const auto dash = text.find('-');
  const auto first = day_in(text.substr(0, dash));
  const auto last = dash == std::string_view::npos ? first : day_in(text.substr(dash + 1));
  if (!first || !last) return false;
  set_range(chosen, *first, *last);
  chosen.set(*last);
  return true;
}

// `8`, `22-5` or `06:30-19:30`
bool add_hours(std::bitset<minutes_of_day>& chosen, std::string_view text) {
  const auto dash = text.find('-');
  const std::string_view from = text.substr(0, dash);
  const std::string_view to = dash == std::string_view::npos ? from : text.substr(dash + 1);
  if (text.contains(':')) {
    const auto first = minute_in(from);
    const auto end = minute_in(to);
    if (!first || !end || *first % minutes_of_day == *end % minutes_of_day) return false;
    set_range(chosen, *first, *end);
    return true;
  }
  const auto first = hour_in(from);
  const auto last = hour_in(to);
  if (!first || !last) return false;
  set_range(chosen, *first * 60, *last * 60);
  set_range(chosen, *last * 60, *last * 60 + 60);
  return true;
}

template <std::size_t N>
std::optional<std::bitset<N>> parse(std::string_view text, bool (*add)(std::bitset<N>&, std::string_view)) {
  std::bitset<N> chosen;
  if (text == "*") return chosen.set();
  for (const auto part : std::views::split(text, ',')) {
    if (!add(chosen, std::string_view(part))) return std::nullopt;
  }
  if (chosen.none()) return std::nullopt;
  return chosen;
}

}  // namespace

std::optional<std::bitset<7>> parse_days(std::string_view text) { return parse<7>(text, add_days); }
std::optional<std::bitset<minutes_of_day>> parse_hours(std::string_view text) {
  return parse<minutes_of_day>(text, add_hours);
}

}  // namespace hydra_provisioner::config
