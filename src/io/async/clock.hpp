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
  // Where hosts share a journal, they all go by its database's clock: from now on, now() is so far ahead of this
  // host's clock, as is that of all clocks of this process.
  virtual void go_by(Millis /*ahead*/) {}
};

// go_by() of each SystemClock.
void set_clock_ahead(Millis ahead);

// This host's clock. Sleeps on the executor of the coroutine that waits.
class SystemClock final : public Clock {
 public:
  Instant now() const override;
  Task<void> sleep_for(std::chrono::milliseconds duration) override;
  Millis stopwatch() const override;
  void go_by(Millis ahead) override { set_clock_ahead(ahead); }
};

}  // namespace hydra_provisioner::io
