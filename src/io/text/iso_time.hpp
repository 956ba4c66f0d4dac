// Points in time as programs exchange them, in UTC: `2026-11-25T17:33:48Z`.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "model/time.hpp"

namespace hydra_provisioner::io {

std::string iso_time(Instant time);

// Cuts off fractions of a second. Without a time zone the time is in UTC. No value: the text is not such a time.
std::optional<Instant> parse_iso_time(std::string_view text);

}  // namespace hydra_provisioner::io
