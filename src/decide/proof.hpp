// Proof that no step runs on a machine. Stopping and destroying need it: a wrong guess wastes hours of a build. A
// machine leaves when it is proven idle; until then it is kept, with the missing proof as its reason.
#pragma once

#include <expected>
#include <string>

#include "decide/pool_view.hpp"
#include "model/config.hpp"
#include "model/machine.hpp"
#include "model/plan.hpp"
#include "model/queue.hpp"

namespace hydra_provisioner::decide {

// The proof in words, with its numbers; or what is missing.
std::expected<std::string, Reason> proof_of_idleness(const Machine& machine, const Queue& queue, const Config& config);

// `cause` says why it has to go: "surplus", "failed: …".
Action stop_when_proven(const PoolView& pool, const Machine& machine, ReasonCode code, const std::string& cause);
Action destroy_when_proven(const PoolView& pool, const Machine& machine, ReasonCode code, const std::string& cause);

}  // namespace hydra_provisioner::decide
