// Tells a machine's own builder, which connects to the queue runner by itself, whether it may get new steps: over SSH,
// by the gate that nix/build-machine.nix sets up. docs/hydra-rust.md describes it.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>

#include "io/async/task.hpp"
#include "model/config.hpp"
#include "model/enum_names.hpp"
#include "model/error.hpp"
#include "model/instance.hpp"

namespace hydra_provisioner::providers {

enum class BuilderOrder : std::uint8_t {
  open,   // it may get steps
  close,  // it gets no new steps; those that it has go on
  stop,   // it leaves the queue runner
};

}  // namespace hydra_provisioner::providers

template <>
inline constexpr auto hydra_provisioner::names_of<hydra_provisioner::providers::BuilderOrder> =
    hydra_provisioner::enum_names("open", "close", "stop");

namespace hydra_provisioner::providers {

// The queue runner sends no steps to a builder whose build folder is full. The gate is a file system of 64 KiB that the
// builder takes for its build folder.
inline constexpr const char* gate_folder = "/run/hydra-gate";
inline constexpr std::size_t gate_bytes = 65'536;

// What a shell on the machine runs. Each can be repeated.
std::string shell_command_for(BuilderOrder order);

// Logs in at the instance's address with the pool's sshKey. Takes 10 s at most.
io::Task<Expected<void>> tell_builder_over_ssh(Instance instance, PoolConfig pool, BuilderOrder order);

}  // namespace hydra_provisioner::providers
