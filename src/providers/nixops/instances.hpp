// What a NixOps deployment says about its machine, which is the resource named `machine`.
#pragma once

#include "model/instance.hpp"
#include "providers/nixops/deployments.hpp"

namespace hydra_provisioner::providers::nixops {

// The state is never `running`: that the latest deploy came to its end is not in NixOps' records, so a machine that is
// up is `unproven`. Addresses, host keys and start times outlive the machine in those records, and are left out where
// there is none. The instance's id is the deployment's UUID.
Instance instance_of(const Deployment& deployment);

// Whether NixOps was interrupted between its request for a machine and the answer: destroying finds what was requested,
// while deploying again could make a second one.
bool is_interrupted_creation(const Deployment& deployment);

}  // namespace hydra_provisioner::providers::nixops
