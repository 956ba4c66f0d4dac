// What keeps a pool, or a machine, from being touched: an operator's order, or too many machines that do not work.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

#include "decide/pool_view.hpp"
#include "model/plan.hpp"

namespace hydra_provisioner::decide {

// Why the pool's machines are left alone and no new ones are made. If more than maxUnhealthy of them do not work, the
// cause is probably one that new machines would share. Up to three at a time are usual, also in a small pool.
std::optional<Reason> hold_on(const PoolView& pool);

// Counts the machines that have failed or vanished, that the queue runner cannot use, or that are ready no more.
std::int64_t count_unhealthy(const PoolView& pool);

bool is_protected(const PoolView& pool, const Machine& machine);

// Turns actions that a hold or a protection forbids into `keep`. An operator's order for a machine is still carried
// out.
void hold_back(const PoolView& pool, std::vector<Action>& actions);

// Not if what the pool's machines are made from cannot be read.
bool is_specified(const PoolView& pool);
inline constexpr std::string_view unspecified = "nothing can be made from a specification that cannot be read";

// Why this pool may not create machines now. It is held (holds.hpp); a specification that cannot be read; a machines
// file that cannot be published; back-off after passes whose creations all failed (30 s, doubling to 30 min), and an
// hour's rest after more than 5 failures within an hour.
std::optional<Reason> creation_hold(const PoolView& pool);

}  // namespace hydra_provisioner::decide
