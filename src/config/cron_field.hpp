// Days and hours as cron writes them: `mon-fri`, `8-17,22`, `*`. A range may go round: `fri-mon`, `22-5`.
#pragma once

#include <bitset>
#include <optional>
#include <string_view>

namespace hydra_provisioner::config {

// None: it makes no sense.
std::optional<std::bitset<7>> parse_days(std::string_view text);  // sun, mon, … sat, or 0 to 7; from Sunday on
std::optional<std::bitset<24>> parse_hours(std::string_view text);

}  // namespace hydra_provisioner::config
