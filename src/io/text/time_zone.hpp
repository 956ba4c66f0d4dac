// Local times in any time zone of this host's tz database.
#pragma once

#include <string>

#include "model/time.hpp"

namespace hydra_provisioner::io {

bool is_time_zone(const std::string& name);

struct LocalTime {
  unsigned weekday = 0;  // 0 is Sunday
  unsigned minute = 0;   // of the day

  friend bool operator==(const LocalTime&, const LocalTime&) = default;
};

// In UTC if the tz database has no time zone of that name, or has lost it.
LocalTime local_time_in(const std::string& time_zone, Instant time);

}  // namespace hydra_provisioner::io
