// Machines that the queue runner uses and that are not ours: written into another machines file by hand, or by another
// provisioner.
#pragma once

#include <set>
#include <vector>

#include "model/machine.hpp"
#include "model/queue.hpp"

namespace hydra_provisioner::observe {

// Each kind once. Machines of which the queue runner does not say what they can build are left out.
std::set<MachineKind> kinds_elsewhere(const QueueStatus& status, const std::vector<Machine>& ours);

}  // namespace hydra_provisioner::observe
