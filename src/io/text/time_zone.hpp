// Local times in any time zone of this host's tz database.
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

// In UTC if the tz database has no time zone of that name, or has lost it.
LocalHour local_hour(const std::string& time_zone, Instant time);

}  // namespace hydra_provisioner::io
