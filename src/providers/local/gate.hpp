// The gate of a local machine's builder: a file system of its own in the machine's folder, which is full while the
// machine is closed to new steps. See providers/builder_orders.hpp.
#pragma once

#include "model/error.hpp"
#include "providers/local/machine_folder.hpp"

namespace hydra_provisioner::providers::local {

Expected<void> mount_gate(const MachineFolder& folder);
void unmount_gate(const MachineFolder& folder);  // does nothing if there is none

Expected<void> close_gate(const MachineFolder& folder);
Expected<void> open_gate(const MachineFolder& folder);

}  // namespace hydra_provisioner::providers::local
