// Proof that no step runs on a machine. Stopping and destroying need it: a wrong guess wastes hours of somebody's
// build.
#pragma once

#include <expected>
#include <string>

#include "model/config.hpp"
#include "model/machine.hpp"
#include "model/plan.hpp"
#include "model/queue.hpp"

namespace hydra_provisioner {

// The proof in words, with its numbers; or what is still missing for it.
std::expected<std::string, Reason> proof_of_idleness(const Machine& machine, const Queue& queue, const Config& config);

}  // namespace hydra_provisioner
