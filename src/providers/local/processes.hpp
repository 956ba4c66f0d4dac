// The processes of a local machine: its listening sshd, the sshds of its connections, their nix-stores, and the
// builders of these. Each can be recognised without trusting a process id, also after the listener has died:
// - every sshd of the machine writes its errors to the machine's sshd.log (its children inherit `sshd -e`);
// - a session has HYDRA_PROVISIONER_MACHINE=FOLDER in its environment;
// - a builder's root is a directory in the machine's store, even after its nix-store was killed;
// - a builder that has changed its root still runs as one of the machine's uids;
// - all descendants of these processes belong to the machine, too.
#pragma once

#include <cstdint>
#include <optional>

#include <sys/types.h>

#include "io/async/clock.hpp"
#include "model/error.hpp"
#include "providers/local/machine_folder.hpp"

namespace hydra_provisioner::providers::local {

inline constexpr const char* machine_variable = "HYDRA_PROVISIONER_MACHINE";

// Its listener, as sshd.pid names it; none: the file is missing or damaged. It may have ended.
std::optional<pid_t> listener_of(const MachineFolder& folder);

// Whether the machine accepts connections: the process that sshd.pid names serves the machine's sshd_config.
bool is_listening(const MachineFolder& folder);

enum class Remains : std::uint8_t {
  nothing,
  sessions,  // of its sshd, in which builds may run
  builds,
};
// What runs of the machine, the most important. Reads about all processes of this host.
Remains remains_of(const MachineFolder& folder);

// Sends SIGTERM, after 3 s SIGKILL, and fails after 10 s. Fine when there are no processes.
io::Task<Expected<void>> end_processes(MachineFolder folder, io::Clock& clock);

}  // namespace hydra_provisioner::providers::local
