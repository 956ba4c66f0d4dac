// Recorded times against a clock that was set back.
#pragma once

#include <vector>

#include "state/journal.hpp"

namespace hydra_provisioner::state {

// What seems to lie in the future happened before the clock was set back, and counts as having happened now. How long a
// machine was listed, or unlisted, is not known any more then: it counts as listed for ever, and as put into the file,
// or taken out of it, just now. Returns the machines that changed; their new times must be recorded, or the next pass
// would find the old ones again.
std::vector<MachineId> mend_times(Memory& memory, Instant now);

}  // namespace hydra_provisioner::state
