// Replacing machines that are too old, made from something else than new ones would be, or not usable for the queue
// runner: one after another, the replacement first where the maximum allows that, else the old one leaves first.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "decide/pool_view.hpp"

namespace hydra_provisioner::decide {

// The queue runner fails to reach it, or to talk to it, again and again.
bool is_unusable(const PoolView& pool, const Machine& machine);

bool is_worn(const PoolView& pool, const Machine& machine);
std::string wear_of(const PoolView& pool, const Machine& machine);  // "older than maxAge 86400 s: 90000 s"

// When it will be too old; none: never, or it is already.
std::optional<Instant> too_old_at(const PoolView& pool, const Machine& machine);

struct Renewal {
  std::int64_t extra = 0;  // machines to have beyond the target, as replacements
  std::int64_t fewer = 0;  // ready ones to do without
};

// `ready` are all that could be kept.
Renewal renewal(const PoolView& pool, const std::vector<ActiveMachine>& ready);

}  // namespace hydra_provisioner::decide
