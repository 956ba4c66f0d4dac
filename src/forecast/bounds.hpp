// Lower bounds of machine-hours: what the cheapest schedule would have paid that knows the future and lets no step
// wait.
#pragma once

#include <cstdint>
#include <vector>

#include "trace/trace.hpp"

namespace hydra_provisioner::forecast {

// A step that holds a slot of its pool from `begin` for `duration`.
struct SlotUse {
  Millis begin{};
  Millis duration{};
};

struct LowerBounds {
  Millis work{};   // machine-time if all slots of every machine were always used
  Millis level{};  // the least machine-time in which no step waits, see docs/scaling.md
};

// Each machine has so many slots. `restart` is what it costs to make a machine anew: its boot.
// Level k is needed while ceil(used slots / slots) >= k. It costs its first boot, the time for which it is needed, and
// for each gap the cheaper of keeping the machine and booting it again.
LowerBounds lower_bounds(std::vector<SlotUse> uses, std::int64_t slots, Millis restart);

}  // namespace hydra_provisioner::forecast
