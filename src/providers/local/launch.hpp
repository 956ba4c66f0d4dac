// From a folder to a machine that accepts connections: what creating and starting have in common.
#pragma once

#include <string>

#include "io/async/clock.hpp"
#include "model/config.hpp"
#include "model/error.hpp"
#include "model/names.hpp"
#include "providers/local/machine_folder.hpp"

namespace hydra_provisioner::providers::local {

LocalSettings settings_of(const PoolConfig& pool);

// What a machine of this pool is, as far as that can change while the pool keeps its name.
std::string specification_of(const PoolConfig& pool);

// An earlier launch may have been interrupted anywhere: what it started is ended, what it left is used or replaced.
// Store, host key and, where it is free, address stay. `login_key` is the public key that is let in.
io::Task<Expected<MachineRecord>> launch(MachineFolder folder, MachineId machine, PoolConfig pool,
                                         std::string login_key, io::Clock& clock);

}  // namespace hydra_provisioner::providers::local
