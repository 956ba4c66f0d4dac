// Instants are Unix seconds in UTC, durations whole seconds: what the queue runner reports and the journal stores.
#pragma once

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <optional>

namespace hydra_provisioner {

using Instant = std::chrono::sys_seconds;
using Seconds = std::chrono::seconds;
using Millis = std::chrono::milliseconds;  // of simulated time, and of histories

inline Instant from_unix(std::int64_t seconds) { return Instant{Seconds{seconds}}; }
inline std::int64_t to_unix(Instant instant) { return instant.time_since_epoch().count(); }

inline double hours_in(Millis span) { return static_cast<double>(span.count()) / 3'600'000; }

// No value means never.
inline std::optional<Instant> earlier_of(std::optional<Instant> a, std::optional<Instant> b) {
  if (!a || !b) return a ? a : b;
  return std::min(*a, *b);
}

}  // namespace hydra_provisioner
