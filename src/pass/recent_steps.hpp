// What passes see of each pool's steps over time: how many ended, how many became ready, and since when some wait. The
// journal keeps it as samples; decisions take sums of the last minutes from it.
#pragma once

#include <map>

#include "model/config.hpp"
#include "model/plan.hpp"
#include "model/snapshot.hpp"
#include "state/journal.hpp"

namespace hydra_provisioner::pass {

using AllStepSamples = std::map<PoolName, state::StepSamples>;

// `known`, with what this pass sees, of the pools whose targets depend on it. While the status is not trusted, it sees
// nothing.
AllStepSamples with_present(const AllStepSamples& known, const Snapshot& seen, const Config& config);

std::map<PoolName, RecentSteps> recent_steps(const AllStepSamples& samples, const Snapshot& seen, const Config& config);

// What the journal is to keep of `samples`, of the pools where that has changed.
AllStepSamples changed_samples(AllStepSamples samples, const AllStepSamples& known, const Snapshot& seen,
                               const Config& config, const Plan& plan);

}  // namespace hydra_provisioner::pass
