// Whether the queue runner uses a pool's machines at all. The commonest reason why it does not: it was never told to
// read our machines file.
#pragma once

#include <cstdint>
#include <string>

#include "decide/pool_view.hpp"

namespace hydra_provisioner::decide {

// The queue runner reads the machines file every 30 s; after two times it has surely seen a machine.
inline constexpr Seconds seen_after{60};

// Whether it has been in the machines file for that long, while the queue runner read it.
bool is_surely_read(const Machine& machine, const QueueStatus& status);

// Why it seems to use none of the machines that were listed for so long; empty: it uses one, or that cannot be told.
std::string why_unused(const PoolView& pool);

// How many more machines such a pool may create: none, as they would not be used either. Only if the queue runner fails
// on its machines so that they are to be replaced, one at a time shows whether another one works.
std::int64_t trials_allowed(const PoolView& pool);

}  // namespace hydra_provisioner::decide
