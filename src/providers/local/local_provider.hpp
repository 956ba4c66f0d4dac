// Real build machines on this host, for trying out and for tests: each is an sshd with a host key, an address and a Nix
// store of its own, to which the queue runner connects as to any other machine. docs/local-provider.md shows it from
// the user's side.
#pragma once

#include <string>
#include <vector>

#include "io/async/clock.hpp"
#include "model/names.hpp"
#include "providers/local/machine_folder.hpp"
#include "providers/provider.hpp"

namespace hydra_provisioner::providers::local {

class LocalProvider final : public Provider {
 public:
  LocalProvider(Tag tag, std::string state_dir, io::Clock& clock);

  // Two or three small reads a machine: no connection, no look at all processes.
  io::Task<Expected<Inventory>> list(ListRequest request) override;

  io::Task<Expected<std::string>> specification(PoolConfig pool) override;

  io::Task<Expected<Instance>> create(MachineRef target, PoolConfig pool) override;
  io::Task<Expected<Instance>> start(MachineRef target, PoolConfig pool) override;
  io::Task<Expected<void>> stop(MachineRef target, PoolConfig pool) override;
  io::Task<Expected<void>> destroy(MachineRef target, PoolConfig pool) override;

  // Logs in as the queue runner would, and exchanges the greetings of `nix-store --serve`.
  io::Task<Expected<void>> ready(Instance instance, PoolConfig pool) override;

 private:
  Expected<MachineFolder> folder_of(const MachineId& machine) const;
  io::Task<Expected<Instance>> bring_up(MachineFolder folder, MachineId machine, PoolConfig pool);
  io::Task<Expected<std::string>> login_key(PoolConfig pool);
  std::string private_key(const PoolConfig& pool) const;

  Tag tag_;
  std::string state_dir_;
  std::string machines_dir_;  // STATE_DIR/local
  io::Clock& clock_;
};

}  // namespace hydra_provisioner::providers::local
