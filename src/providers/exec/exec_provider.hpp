// Machines that a program of the operator's makes, in whatever language, wherever. docs/exec-provider.md says what such
// a program has to do. A machine's id is all that a program is told to find it by, and so is our instance's id. A
// machine stays with the program and the settings that it was begun with.
#pragma once

#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "io/async/clock.hpp"
#include "model/names.hpp"
#include "providers/exec/call.hpp"
#include "providers/exec/inventory.hpp"
#include "providers/exec/records.hpp"
#include "providers/provider.hpp"

namespace hydra_provisioner::providers::exec {

class ExecProvider final : public Provider, private Upkeep {
 public:
  ExecProvider(Tag tag, const std::string& state_dir, io::Clock& clock);

  // A call for each program with its settings, side by side: the configured ones, and those of machines that there are.
  io::Task<Expected<Inventory>> list(ListRequest request) override;

  // Of the pool's type and settings: the program itself may be improved without a new machine.
  io::Task<Expected<std::string>> specification(PoolConfig pool) override;

  io::Task<Expected<Instance>> create(MachineRef target, PoolConfig pool) override;
  io::Task<Expected<Instance>> start(MachineRef target, PoolConfig pool) override;
  io::Task<Expected<void>> stop(MachineRef target, PoolConfig pool) override;
  io::Task<Expected<void>> destroy(MachineRef target, PoolConfig pool) override;

  // Whether the program's own check says so or, where it has none, its SSH server answers.
  io::Task<Expected<void>> ready(Instance instance, PoolConfig pool) override;

  Upkeep* upkeep() override { return this; }

 private:
  io::Task<Expected<void>> keep_alive(MachineRef target, PoolConfig pool) override;
  io::Task<Expected<Condition>> check(MachineRef target, PoolConfig pool) override;
  Seconds check_interval() const override;

  ExecCall call(ExecAction action, const ExecSettings& settings, Seconds deadline) const;
  Expected<ExecCall> call_about(MachineRef target, const PoolConfig& pool, ExecAction action) const;
  void forget_unlisted(const std::map<MachineId, ExecRecord>& records, const Inventory& inventory,
                       const std::set<InstanceId>& known) const;
  io::Task<Expected<Instance>> bring_up(MachineRef target, PoolConfig pool, ExecAction action);
  io::Task<Expected<void>> take_down(ExecCall order);
  io::Task<Expected<std::optional<Condition>>> ask_for_condition(MachineRef target,
                                                                 PoolConfig pool);  // none: it has no check
  io::Task<Expected<ExecAbilities>> abilities(ExecSettings settings);
  io::Task<Expected<std::vector<Instance>>> machines_of(ExecSettings settings);
  io::Task<void> list_into(ExecListing& listing, ExecSettings settings);

  Tag tag_;
  std::string logs_dir_;
  ExecRecords records_;
  io::Clock& clock_;
  std::map<ExecSettings, ExecAbilities> abilities_;  // of programs that have answered
  std::map<ExecSettings, Instant> patience_;         // of those that asked not to be asked before
};

}  // namespace hydra_provisioner::providers::exec
