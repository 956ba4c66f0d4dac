// Local times of any place, from this host's tz database.
#pragma once

#include <string>

#include "model/time.hpp"

namespace hydra_provisioner::io {

bool is_time_zone(const std::string& name);

struct LocalHour {
  unsigned weekday = 0;  // 0 is Sunday
  unsigned hour = 0;

  friend bool operator==(const LocalHour&, const LocalHour&) = default;
};

// In UTC where there is no time zone of that name (any more).
LocalHour local_hour(const std::string& time_zone, Instant time);

}  // namespace hydra_provisioner::io
