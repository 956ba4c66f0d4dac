// Machines that a program of the operator's makes, in whatever language, wherever. docs/exec-provider.md says what such
// a program has to do. A machine's id is all that a program is told to find it by, and so is our instance's id. A
// machine stays with the program and the settings that it was begun with.
#pragma once

#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "io/clock.hpp"
#include "model/names.hpp"
#include "providers/exec/call.hpp"
#include "providers/exec/inventory.hpp"
#include "providers/exec/records.hpp"
#include "providers/provider.hpp"

namespace hydra_provisioner {

class ExecProvider final : public Provider, private Upkeep {
 public:
  ExecProvider(Tag tag, const std::string& state_dir, Clock& clock);

  // A call for each program with its settings, side by side: the configured ones, and those of machines that there are.
  Task<Expected<Inventory>> list(ListRequest request) override;

  // Of the pool's type and settings: the program itself may be improved without a new machine.
  Task<Expected<std::string>> specification(PoolConfig pool) override;

  Task<Expected<Instance>> create(Target target, PoolConfig pool) override;
  Task<Expected<Instance>> start(Target target, PoolConfig pool) override;
  Task<Expected<void>> stop(Target target, PoolConfig pool) override;
  Task<Expected<void>> destroy(Target target, PoolConfig pool) override;

  // Whether the program's own check says so or, where it has none, its SSH server answers.
  Task<Expected<void>> ready(Instance instance, PoolConfig pool) override;

  Upkeep* upkeep() override { return this; }

 private:
  Task<Expected<void>> keep_alive(Target target, PoolConfig pool) override;
  Task<Expected<Condition>> check(Target target, PoolConfig pool) override;
  Seconds check_interval() const override;

  ExecCall call(ExecAction action, const ExecSettings& settings, Seconds deadline) const;
  Expected<ExecCall> call_about(Target target, const PoolConfig& pool, ExecAction action) const;
  void forget_unlisted(const std::map<MachineId, ExecRecord>& records, const Inventory& inventory,
                       const std::set<InstanceId>& known) const;
  Task<Expected<Instance>> bring_up(Target target, PoolConfig pool, ExecAction action);
  Task<Expected<void>> take_down(ExecCall order);
  Task<Expected<std::optional<Condition>>> ask_for_condition(Target target, PoolConfig pool);  // none: it has no check
  Task<Expected<ExecAbilities>> abilities(ExecSettings settings);
  Task<Expected<std::vector<Instance>>> machines_of(ExecSettings settings);
  Task<void> list_into(ExecListing& listing, ExecSettings settings);

  Tag tag_;
  std::string logs_dir_;
  ExecRecords records_;
  Clock& clock_;
  std::map<ExecSettings, ExecAbilities> abilities_;  // of programs that have answered
  std::map<ExecSettings, Instant> patience_;         // of those that asked not to be asked before
};

}  // namespace hydra_provisioner
