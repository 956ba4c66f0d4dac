// What holds back the creation of machines.
#pragma once

#include <optional>
#include <string_view>

#include "decide/pool_view.hpp"
#include "model/plan.hpp"

namespace hydra_provisioner {

// Not if what the pool's machines are made from cannot be read.
bool is_specified(const PoolView& pool);
inline constexpr std::string_view unspecified = "nothing can be made from a specification that cannot be read";

// Why this pool may not create machines now. It is held (holds.hpp); a specification that cannot be read; back-off
// after passes whose creations all failed (30 s, doubling to 30 min), and an hour's rest after more than 5 failures
// within an hour.
std::optional<Reason> creation_hold(const PoolView& pool);

}  // namespace hydra_provisioner
