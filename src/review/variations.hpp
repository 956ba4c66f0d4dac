// What a pass saw, with one thing changed: so that planning again tells what that one thing would change.
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

// Those that make sense for the pool; `plan` is what was decided from the inputs.
std::vector<Variation> variations_for(const PoolName& pool, const state::Inputs& inputs, const Plan& plan);

// Those that make sense for the machine besides its pool's.
std::vector<Variation> variations_for(const Machine& machine, const state::Inputs& inputs, const Plan& plan);

}  // namespace hydra_provisioner::review
