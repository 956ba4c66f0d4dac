// Creates and starts machines: turns a folder into a machine that accepts connections.
#pragma once

#include <string>

#include "io/async/clock.hpp"
#include "model/config.hpp"
#include "model/error.hpp"
#include "model/names.hpp"
#include "providers/local/machine_folder.hpp"

namespace hydra_provisioner::providers::local {

// What can change about the machines of a pool while the pool keeps its name.
std::string specification_of(const PoolConfig& pool);

// An earlier launch may have been interrupted anywhere: its processes are ended, its files are used or replaced. Store
// and host key stay the same, and so does the address if it is free. `login_key` is the public key that may log in.
io::Task<Expected<MachineRecord>> launch(MachineFolder folder, MachineId machine, PoolConfig pool,
                                         std::string login_key, io::Clock& clock);

}  // namespace hydra_provisioner::providers::local
