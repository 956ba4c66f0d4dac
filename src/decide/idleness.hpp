// Whether a machine is busy, and since when it is idle.
#pragma once

#include <algorithm>
#include <cstdint>
#include <optional>
#include <string>

#include "model/machine.hpp"
#include "model/queue.hpp"
#include "model/time.hpp"

namespace hydra_provisioner::decide {

struct Idleness {
  // As reported by the queue runner; a missing report is no proof of idleness (see proof.hpp).
  std::int64_t jobs = 0;
  Instant idle_from;  // in our clock; may lie in the future, which counts as not idle yet
  // The queue runner started this long ago, and may not know the last step of this machine. None: it knows it.
  std::optional<Seconds> restarted_for{};

  bool is_busy() const { return jobs > 0; }
  Seconds idle_at(Instant now) const { return std::max(now - idle_from, Seconds{0}); }
};

Idleness idleness(const Machine& machine, const QueueStatus& status);

// Whether a time in the status is so far in the document's future that the queue runner's clock was set back since. A
// little later it may be, because the document is not written in a moment.
bool was_before_clock_change(Instant time, const QueueStatus& status);

// When the queue runner last failed to use the machine, by our clock.
std::optional<Instant> last_failure(const Machine& machine, const Queue& queue);

std::string busy_with(std::int64_t jobs);  // "busy: 2 jobs"

}  // namespace hydra_provisioner::decide
