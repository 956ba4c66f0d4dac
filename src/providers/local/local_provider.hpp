// Real build machines on this host, to try this program out, and for tests. Each is an sshd with its own host key,
// address and Nix store, to which the queue runner connects as to any other machine. docs/local-provider.md describes
// it for users.
#pragma once

#include <set>
#include <string>
#include <vector>

#include <sys/types.h>

#include "io/async/clock.hpp"
#include "model/names.hpp"
#include "providers/local/machine_folder.hpp"
#include "providers/provider.hpp"

namespace hydra_provisioner::providers::local {

class LocalProvider final : public Provider {
 public:
  LocalProvider(Tag tag, std::string state_dir, io::Clock& clock);

  // Costs two or three small reads for each machine; no connection, and no look at all processes.
  io::Task<Expected<Inventory>> list(ListRequest request) override;

  io::Task<Expected<std::string>> specification(PoolConfig pool) override;

  io::Task<Expected<Instance>> create(MachineRef target, PoolConfig pool) override;
  io::Task<Expected<Instance>> start(MachineRef target, PoolConfig pool) override;
  io::Task<Expected<void>> stop(MachineRef target, PoolConfig pool) override;
  io::Task<Expected<void>> destroy(MachineRef target, PoolConfig pool) override;

  // Logs in as the queue runner would, and exchanges the greetings of `nix-store --serve`.
  io::Task<Expected<void>> ready(Instance instance, PoolConfig pool) override;
  io::Task<Expected<void>> tell_builder(Instance instance, PoolConfig pool, BuilderOrder order) override;
  bool can_probe() const override { return true; }
  std::set<pid_t> processes() const override;

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
