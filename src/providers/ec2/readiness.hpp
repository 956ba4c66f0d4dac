// Whether steps can be sent to a machine.
#pragma once

#include "io/async/task.hpp"
#include "model/config.hpp"
#include "model/error.hpp"
#include "model/instance.hpp"
#include "providers/ec2/machine_files.hpp"

namespace hydra_provisioner::providers::ec2 {

// A key exchange proves the host key, and needs no login. With a probeKey, nix-store must greet as well.
io::Task<Expected<void>> expect_readiness(Ec2Files files, Instance instance, Ec2Settings settings);

}  // namespace hydra_provisioner::providers::ec2
