// The program that connects a local machine to the queue runner. It is started with the machine, and not again.
#pragma once

#include <string>

#include "model/config.hpp"
#include "model/error.hpp"
#include "model/names.hpp"
#include "providers/local/machine_folder.hpp"

namespace hydra_provisioner::providers::local {

// Does nothing if the pool has none.
Expected<void> start_builder(const MachineFolder& folder, const MachineId& machine, const PoolConfig& pool,
                             const std::string& address);

// Fails if it has ended, as one does that the queue runner refuses.
Expected<void> expect_builder(const MachineFolder& folder);

}  // namespace hydra_provisioner::providers::local
