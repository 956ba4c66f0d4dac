// Starting a machine's sshd, and logging in to it.
#pragma once

#include <cstdint>
#include <string>

#include "io/async/clock.hpp"
#include "model/error.hpp"
#include "providers/local/machine_folder.hpp"

namespace hydra_provisioner::providers::local {

enum class SshdStart : std::uint8_t {
  listening,
  address_taken,  // somebody else was faster
};

// Returns when it accepts connections. Its sshd_config and everything that this names is there.
io::Task<Expected<SshdStart>> start_sshd(MachineFolder folder, io::Clock& clock);

// Logs in with the key, where only the machine's own host key will do, and expects the greeting of `nix-store --serve`.
io::Task<Expected<void>> greet(MachineFolder folder, std::string address, std::string private_key);

}  // namespace hydra_provisioner::providers::local
