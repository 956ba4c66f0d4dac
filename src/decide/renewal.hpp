// Replacing machines that work, but are too old or made from something else than new ones would be: one after another,
// the replacement first where the maximum allows that, else the old one leaves first.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "decide/pool_view.hpp"

namespace hydra_provisioner {

bool is_worn(const PoolView& pool, const Machine& machine);
std::string wear_of(const PoolView& pool, const Machine& machine);  // "older than maxAge 86400 s: 90000 s"

struct Renewal {
  std::int64_t extra = 0;  // machines to have beyond the target, as replacements
  std::int64_t fewer = 0;  // ready ones to do without
};

// `ready` are all that could be kept.
Renewal renewal(const PoolView& pool, const std::vector<ActiveMachine>& ready);

}  // namespace hydra_provisioner
