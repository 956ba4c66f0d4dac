// What a clairvoyant would have paid: machine-hours below which no schedule can go in which no step waits.
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

// `slots` a machine; `restart` is what a machine costs that is given up and made anew: its boot.
// Level k is needed while ceil(used slots / slots) >= k. Each level is paid while it is needed, its first boot, and of
// every gap the cheaper of keeping it and booting it again.
LowerBounds lower_bounds(std::vector<SlotUse> uses, std::int64_t slots, Millis restart);

}  // namespace hydra_provisioner::forecast
