// When the daemon's passes happen.
#pragma once

#include "model/time.hpp"
#include "pass/pass.hpp"

namespace hydra_provisioner::pass {

// Until the next pass, of one that ended so at `now`: `interval`; 2 s while something is changing; as long as the plan
// holds, where that is less. A status that cannot be trusted changes nothing about that: orders, jobs and the machines
// file do not wait for it, and it is itself asked for more rarely (observe/queue_source.hpp).
Seconds pause_after(const PassEnd& end, Seconds interval, Instant now);

}  // namespace hydra_provisioner::pass
