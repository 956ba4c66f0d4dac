// The clock is an argument everywhere, because the simulator and the tests have clocks of their own.
#pragma once

#include <chrono>

#include "io/async/task.hpp"
#include "model/time.hpp"

namespace hydra_provisioner::io {

class Clock {
 public:
  virtual ~Clock() = default;
  virtual Instant now() const = 0;
  virtual Task<void> sleep_for(std::chrono::milliseconds duration) = 0;
  // For measuring: goes on evenly, from any beginning, and is never set.
  virtual Millis stopwatch() const { return now().time_since_epoch(); }
};

// Where hosts share a journal, they all go by its database's clock: from now on, all of this process's clocks are so
// far ahead of this host's.
void set_clock_ahead(Millis ahead);

// This host's clock. Sleeps on the executor of the coroutine that waits.
class SystemClock final : public Clock {
 public:
  Instant now() const override;
  Task<void> sleep_for(std::chrono::milliseconds duration) override;
  Millis stopwatch() const override;
};

}  // namespace hydra_provisioner::io
