// The processes of a local machine: its listening sshd, the sshds of its connections, the nix-stores in them, and their
// builders. Each can be told without trusting a process id, also after the listener has died:
// - every sshd of the machine writes its errors to the machine's sshd.log (`sshd -e` hands that down);
// - a session has HYDRA_PROVISIONER_MACHINE=FOLDER in its environment;
// - a builder lives in a directory of the machine's store, even when its nix-store was killed;
// - and what descends from one of these.
#pragma once

#include "io/async/clock.hpp"
#include "model/error.hpp"
#include "providers/local/machine_folder.hpp"

namespace hydra_provisioner::providers::local {

inline constexpr const char* machine_variable = "HYDRA_PROVISIONER_MACHINE";

// Whether the machine accepts connections: its listener's process id file names a process that serves its sshd_config.
bool is_listening(const MachineFolder& folder);

// Whether any process of the machine runs. Looks at all processes of this host.
bool has_processes(const MachineFolder& folder);

// Asks them to end, after 3 s no longer asks, and fails after 10 s. Fine when there are none.
io::Task<Expected<void>> end_processes(MachineFolder folder, io::Clock& clock);

}  // namespace hydra_provisioner::providers::local
