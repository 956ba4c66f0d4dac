// Everything that a machine is to be, from its pool's settings and the key pair that is made for it.
#pragma once

#include "io/async/task.hpp"
#include "model/config.hpp"
#include "model/error.hpp"
#include "model/names.hpp"
#include "providers/ec2/launch.hpp"
#include "providers/ec2/machine_files.hpp"

namespace hydra_provisioner::providers::ec2 {

// Makes the machine's folder and host key, unless they are there.
io::Task<Expected<LaunchOrder>> order_for(Ec2Files files, Tag tag, MachineId machine, PoolConfig pool);

}  // namespace hydra_provisioner::providers::ec2
