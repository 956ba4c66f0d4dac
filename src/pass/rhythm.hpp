// When the daemon's passes happen.
#pragma once

#include <algorithm>

#include "model/time.hpp"
#include "pass/pass.hpp"

namespace hydra_provisioner::pass {

// Until the next pass, of one that ended so at `now`, if nothing calls for one sooner: `interval`; 2 s while something
// is changing; as long as the plan holds, where that is less. A status that cannot be trusted changes nothing about
// that: orders, jobs and the machines file do not wait for it, and it is itself asked for more rarely
// (observe/queue_source.hpp).
Seconds pause_after(const PassEnd& end, Seconds interval, Instant now);

// Bounds the passes to one a second, however often they are called for. One more may come at once, so that the first
// call after a quiet time does not wait for a pass that was due by itself. Times are of a stopwatch.
class Pace {
 public:
  void begin(Millis now) { free_at_ = std::max(now, free_at_) + spacing; }
  Millis earliest() const { return free_at_ - spacing; }  // of the next pass

 private:
  static constexpr Millis spacing{1000};

  Millis free_at_ = Millis::min() + spacing;
};

}  // namespace hydra_provisioner::pass
