// When the daemon's passes happen.
#pragma once

#include <cstdint>

#include "model/time.hpp"
#include "pass/pass.hpp"

namespace hydra_provisioner::pass {

class Rhythm {
 public:
  // Until the next pass, of one that ended so at `now`: `interval`; 2 s while something is changing; as long as the
  // plan holds, where that is less; and ever longer, up to 2 min, while the queue runner's status is not trusted.
  Seconds pause_after(const PassEnd& end, Seconds interval, Instant now);

 private:
  std::int64_t untrusted_passes_ = 0;  // in a row
};

}  // namespace hydra_provisioner::pass
