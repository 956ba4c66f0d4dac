// How a machine leaves: stopped or destroyed when it is proven idle, kept with the missing proof as its reason
// otherwise.
#pragma once

#include <string>

#include "decide/pool_view.hpp"

namespace hydra_provisioner {

// `cause` says why it has to go: "surplus", "failed: …".
Action stop_when_proven(const PoolView& pool, const Machine& machine, const std::string& cause);
Action destroy_when_proven(const PoolView& pool, const Machine& machine, const std::string& cause);

}  // namespace hydra_provisioner
