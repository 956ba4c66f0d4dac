// Replacing machines that are too old, have an outdated specification, or cannot be used by the queue runner: a few at
// a time (maxUnavailable). The replacement comes first if maxMachines allows it, otherwise the old machine leaves
// first, and does not go back. One that wastes steps does not wait for its replacement. A draining one that works, and
// whose turn it is not, goes back while it is needed and the maximum leaves no room for its replacement.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "decide/pool_view.hpp"

namespace hydra_provisioner::decide {

// The queue runner failed to use it consecutiveFailures times in a row.
bool is_unusable(const PoolView& pool, const Machine& machine);

bool needs_replacement(const PoolView& pool, const Machine& machine);
Reason replacement_reason(const PoolView& pool, const Machine& machine);  // "older than maxAge 86400 s: 90000 s"

// Whether the machine is of no use, and its gate is still open. Such a machine fails every step that it gets, its store
// is full, or nothing tells it from another of its name.
bool wastes_steps(const PoolView& pool, const Machine& machine);

// When a machine that is closed, though it is to be open, will count as of no use: its pool's bootTimeout later. None:
// it is open, or that is over.
std::optional<Instant> unusable_at(const PoolView& pool, const Machine& machine);

// Until when a machine that was put back although it is due stays in use before its turn comes; none: it may come now.
std::optional<Instant> turn_waits_until(const PoolView& pool, const Machine& machine);

// When it will be too old; none: never, or it is too old already.
std::optional<Instant> too_old_at(const PoolView& pool, const Machine& machine);

// Whether a draining machine whose replacement has no room can be put back.
bool may_stand_in(const PoolView& pool, const Machine& machine);

// Whether machines can only be replaced by giving one up first.
inline bool is_full(const PoolView& pool) { return pool.target.machines >= pool.settings.max_machines; }

struct Replacement {
  std::int64_t extra = 0;  // machines to have beyond the target, as replacements
  std::int64_t fewer = 0;  // ready machines to give up
};

// `ready` are all ready machines of the pool.
Replacement replacement(const PoolView& pool, const std::vector<ActiveMachine>& ready);

}  // namespace hydra_provisioner::decide
