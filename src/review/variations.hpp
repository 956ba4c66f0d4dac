// What a pass saw, with one thing changed. Planning again shows what this change would mean.
#pragma once

#include <string>
#include <vector>

#include "model/plan.hpp"
#include "state/inputs.hpp"

namespace hydra_provisioner::review {

struct Variation {
  std::string what;  // "maxMachines 4 instead of 3"
  state::Inputs inputs;
};

// The variations that make sense for the pool. `plan` was decided from the inputs.
std::vector<Variation> variations_for(const PoolName& name, const state::Inputs& inputs, const Plan& plan);

// The variations that make sense for the machine, without those of its pool.
std::vector<Variation> variations_for(const Machine& machine, const state::Inputs& inputs, const Plan& plan);

}  // namespace hydra_provisioner::review
