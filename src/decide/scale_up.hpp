// Filling a pool up to its target: ready machines first, then what is coming, draining ones put back, stopped ones
// started, new ones.
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "decide/pool_view.hpp"

namespace hydra_provisioner::decide {

struct ScaleUp {
  std::vector<Action> actions;
  FreeMachines left;                       // not needed for the target
  std::optional<Reason> held;              // why fewer machines are created than are missing
  std::int64_t under_way_to_stand_by = 0;  // of those that a running job brings up: see standby.hpp
};

// `coming_under_way` machines are on their way besides the free ones. New machines are numbered from `next_number`,
// which moves on.
ScaleUp scale_up(const PoolView& pool, FreeMachines free, std::int64_t coming_under_way, std::int64_t& next_number);

}  // namespace hydra_provisioner::decide
