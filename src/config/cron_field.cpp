#include "config/cron_field.hpp"

#include <algorithm>
#include <array>
#include <ranges>

#include "io/text/strings.hpp"

namespace hydra_provisioner::config {
namespace {

using Parser = std::optional<std::size_t> (*)(std::string_view);

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

// `8` or `22-5`
template <std::size_t N>
bool add_range(std::bitset<N>& chosen, std::string_view text, Parser parse_value) {
  const auto dash = text.find('-');
  const auto first = parse_value(text.substr(0, dash));
  const auto last = dash == std::string_view::npos ? first : parse_value(text.substr(dash + 1));
  if (!first || !last) return false;
  for (std::size_t at = *first; at != *last; at = (at + 1) % N) chosen.set(at);
  chosen.set(*last);
  return true;
}

template <std::size_t N>
std::optional<std::bitset<N>> parse(std::string_view text, Parser parse_value) {
  std::bitset<N> chosen;
  if (text == "*") return chosen.set();
  for (const auto part : std::views::split(text, ',')) {
    if (!add_range(chosen, std::string_view(part), parse_value)) return std::nullopt;
  }
  if (chosen.none()) return std::nullopt;
  return chosen;
}

}  // namespace

std::optional<std::bitset<7>> parse_days(std::string_view text) { return parse<7>(text, day_in); }
std::optional<std::bitset<24>> parse_hours(std::string_view text) { return parse<24>(text, hour_in); }

}  // namespace hydra_provisioner::config
