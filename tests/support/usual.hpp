// The time and the pool that most tests are about.
#pragma once

#include "model/names.hpp"
#include "model/time.hpp"

namespace hydra_provisioner::support {

inline constexpr Instant noon = std::chrono::sys_days{std::chrono::year{2026} / 1 / 15} + std::chrono::hours{12};
inline const PoolName plain{"x86_64-linux"};

}  // namespace hydra_provisioner::support
