// Stopped machines that are kept beside those that run, because they start sooner than new ones (`standbyMachines`).
// Any machine that is stopped stands by. One that is made for that is not listed when it is up, but stopped.
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "decide/pool_view.hpp"
#include "model/plan.hpp"

namespace hydra_provisioner::decide {

// Whether the machine is of use when it is needed, once it is stopped.
bool may_stand_by(const PoolView& pool, const Machine& machine);

// Whether the machine, which comes, can be stopped without having been listed. One that may have been listed before has
// to be listed again first: of a machine that the queue runner does not know, nothing may ever prove that it is idle.
bool may_stay_unlisted(const PoolView& pool, const Machine& machine);

// How many places are not taken by machines that are being stopped.
std::int64_t standby_places(const PoolView& pool);

// How many are missing beside those that are stopped, and those that will be because they are not needed.
std::int64_t missing_standbys(const PoolView& pool, const FreeMachines& not_needed);

// Machines that cannot be stopped would be made and destroyed again and again. None: none has refused lately.
std::optional<Reason> refusal_to_stop(const PoolView& pool);

// Of the machines that a running job brings up, the latest `count` stand by.
void let_stand_by(const PoolView& pool, std::vector<Action>& settled, std::int64_t count);

}  // namespace hydra_provisioner::decide
