// What the machines were at since the pass before, as far as this pass can tell.
#pragma once

#include <vector>

#include "model/config.hpp"
#include "model/snapshot.hpp"
#include "state/journal.hpp"

namespace hydra_provisioner {

// Longer than this without a pass, nobody knows what they were at.
inline constexpr Seconds usage_gap_max{3600};

// Of every pool with machines. Each machine counts for the whole `span`, as it is now. While the status is not trusted,
// what is in use counts as busy: nothing says that it is idle.
std::vector<Usage> usage_of(const Snapshot& seen, const Config& config, Seconds span);

}  // namespace hydra_provisioner
