// Machines that are made by a program of the operator, which may be written in any language. docs/exec-provider.md says
// what such a program must do. A program finds a machine by the machine's id alone, which is also our instance's id. A
// machine keeps the program and settings with which its creation began.
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

  // Calls each program with its settings once, all at the same time: the configured ones, and those of machines on
  // record.
  io::Task<Expected<Inventory>> list(ListRequest request) override;

  // A hash of the pool's type and settings, but not of the program: a new version of it replaces no machine.
  io::Task<Expected<std::string>> specification(PoolConfig pool) override;

  io::Task<Expected<Instance>> create(MachineRef target, PoolConfig pool) override;
  io::Task<Expected<Instance>> start(MachineRef target, PoolConfig pool) override;
  io::Task<Expected<void>> stop(MachineRef target, PoolConfig pool) override;
  io::Task<Expected<void>> destroy(MachineRef target, PoolConfig pool) override;

  // The program's own check decides; if it has none, the machine's SSH server must prove its host key.
  io::Task<Expected<void>> ready(Instance instance, PoolConfig pool) override;

  Upkeep* upkeep() override { return this; }

 private:
  io::Task<Expected<void>> keep_alive(MachineRef target, PoolConfig pool) override;
  io::Task<Expected<Condition>> check(MachineRef target, PoolConfig pool) override;
  Seconds check_interval() const override;

  ExecCall make_call(ExecAction action, const ExecSettings& settings, Seconds deadline) const;
  Expected<ExecCall> make_call_about(MachineRef target, const PoolConfig& pool, ExecAction action) const;
  void forget_gone(const std::map<MachineId, ExecRecord>& records, const Inventory& inventory,
                   const std::set<InstanceId>& known) const;
  io::Task<Expected<Instance>> bring_up(MachineRef target, PoolConfig pool, ExecAction action);
  io::Task<Expected<void>> take_down(ExecCall call);
  // No value: the program has no check.
  io::Task<Expected<std::optional<Condition>>> ask_for_condition(MachineRef target, PoolConfig pool);
  io::Task<Expected<ExecAbilities>> abilities(ExecSettings settings);
  io::Task<Expected<Inventory>> machines_of(ExecSettings settings);
  io::Task<void> list_into(ProgramAnswer& answer, ExecSettings settings);

  Tag tag_;
  std::string logs_dir_;
  ExecRecords records_;
  io::Clock& clock_;
  std::map<ExecSettings, ExecAbilities> abilities_;  // of the programs that have answered
  std::map<ExecSettings, Instant> not_before_;       // of the programs that want to be called again later
};

}  // namespace hydra_provisioner::providers::exec
