// What fails is tried again more and more rarely.
#pragma once

#include <cstdint>
#include <initializer_list>
#include <optional>
#include <string>

#include "decide/pool_view.hpp"
#include "model/plan.hpp"

namespace hydra_provisioner::decide {

// 30 s after the first failure, doubling to 30 min.
Seconds back_off(std::int64_t failures);

// How long the machine's operation has to wait after its latest failure: "failed 3 times, tried again in 80 s". None:
// it may be tried, because it did not fail, the time is over, or something has changed since then: what the machine is
// made from, or an operator's orders.
std::optional<Reason> wait_after_failure(const PoolView& pool, const Machine& machine,
                                         std::initializer_list<Operation> operations);

}  // namespace hydra_provisioner::decide
