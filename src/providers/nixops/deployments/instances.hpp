// What a NixOps deployment says about its machine, which is the resource named `machine`.
#pragma once

#include "model/instance.hpp"
#include "providers/nixops/deployments/deployment.hpp"

namespace hydra_provisioner::providers::nixops {

// A machine that is up has the state `unproven`, because NixOps does not record whether the latest deploy succeeded.
// Without a machine, NixOps' records may still have an address, a host key and a start time; they are left out. The
// instance's id is the deployment's UUID.
Instance instance_of(const Deployment& deployment);

// Whether NixOps was interrupted between its request for a machine and the answer. Then the deployment must be
// destroyed, which finds the requested machine. Another deploy could make a second one.
bool is_interrupted_creation(const Deployment& deployment);

// Whether others may have seen the machine's host key: it cannot be listed before a deploy has replaced the key.
bool has_temporary_key(const Deployment& deployment);

}  // namespace hydra_provisioner::providers::nixops
