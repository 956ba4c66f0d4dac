// Days and hours in the notation of cron: `mon-fri`, `8-17,22`, `*`. A range may wrap around: `fri-mon`, `22-5`. Times
// with minutes are ranges that end before their end: `06:30-19:30`.
#pragma once

#include <bitset>
#include <optional>
#include <string_view>

#include "model/config.hpp"

namespace hydra_provisioner::config {

// No value: the text is not in this notation.
std::optional<std::bitset<7>> parse_days(std::string_view text);  // sun, mon, … sat, or 0 to 7; bit 0 is Sunday
std::optional<std::bitset<minutes_of_day>> parse_hours(std::string_view text);

}  // namespace hydra_provisioner::config
