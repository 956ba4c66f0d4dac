// Real build machines on this host, for trying out and for tests: each is an sshd with a host key, an address and a Nix
// store of its own, to which the queue runner connects as to any other machine. docs/local-provider.md shows it from
// the user's side.
#pragma once

#include <string>
#include <vector>

#include "io/clock.hpp"
#include "model/names.hpp"
#include "providers/local/machine_folder.hpp"
#include "providers/provider.hpp"

namespace hydra_provisioner {

// The private key of the pools without an sshKey, one per tag: STATE_DIR/TAG.key. The first create() makes it.
std::string local_key_path(const std::string& state_dir, const Tag& tag);

class LocalProvider final : public Provider {
 public:
  LocalProvider(Tag tag, std::string state_dir, Clock& clock);

  // Two or three small reads a machine: no connection, no look at all processes.
  Task<Expected<Inventory>> list(ListRequest request) override;

  Task<Expected<std::string>> specification(PoolConfig pool) override;

  Task<Expected<Instance>> create(Target target, PoolConfig pool) override;
  Task<Expected<Instance>> start(Target target, PoolConfig pool) override;
  Task<Expected<void>> stop(Target target, PoolConfig pool) override;
  Task<Expected<void>> destroy(Target target, PoolConfig pool) override;

  // Logs in as the queue runner would, and exchanges the greetings of `nix-store --serve`.
  Task<Expected<void>> ready(Instance instance, PoolConfig pool) override;

 private:
  Expected<MachineFolder> folder_of(const MachineId& machine) const;
  Task<Expected<Instance>> bring_up(MachineFolder folder, MachineId machine, PoolConfig pool);
  Task<Expected<std::string>> login_key(PoolConfig pool);
  std::string private_key(const PoolConfig& pool) const;

  Tag tag_;
  std::string state_dir_;
  std::string machines_dir_;  // STATE_DIR/local
  Clock& clock_;
};

}  // namespace hydra_provisioner
