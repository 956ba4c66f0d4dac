// Recorded times against a clock that was set back.
#pragma once

#include "state/journal.hpp"

namespace hydra_provisioner::state {

// What seems to lie in the future happened before the clock was set back, and counts as having happened now. How long a
// machine was listed is not known any more then, so it counts as listed for ever: nothing may be proven by it.
void mend_times(Memory& memory, Instant now);

}  // namespace hydra_provisioner::state
