// Upkeep of machines in use, for providers that need it: a machine is told now and then that it is still needed, and
// checked whether it still works.
#pragma once

#include <cstddef>
#include <set>
#include <string>
#include <vector>

#include "act/jobs.hpp"
#include "act/ledger.hpp"
#include "act/operations.hpp"
#include "act/publication.hpp"
#include "act/voice.hpp"
#include "io/async/clock.hpp"
#include "io/async/task.hpp"
#include "model/plan.hpp"

namespace hydra_provisioner::act {

class Care {
 public:
  Care(const PoolSettings& pools, Ledger& ledger, Publication& publication, const Jobs& jobs, Providers providers,
       io::Clock& clock, Voice& voice);

  // At most `parallel_max` at a time. Machines that do not work are out of the machines file at the end. A failed
  // keep-alive makes a check due at once, and is reported unless that says what is wrong. So does one that takes long,
  // as where packets get lost. Machines of which it is known that they do not answer are not waited for.
  io::Task<void> look_after(std::vector<InUse> machines, std::size_t parallel_max);

  // Asks busy machines whether they still answer, and remembers since when one does not. They stay in use.
  io::Task<void> probe(std::vector<MachineId> machines, std::size_t parallel_max);

 private:
  const PoolConfig& settings_of(const Machine& machine) const { return pools_.at({machine.pool, machine.provider}); }
  io::Task<void> look_after_one(InUse machine);
  io::Task<void> probe_one(MachineId id);
  io::Task<Expected<void>> answer_of(MachineId id);
  io::Task<providers::Condition> check(MachineId id);
  void note_condition(Machine& machine, providers::Condition found);
  io::Task<Expected<void>> keep_alive(MachineId id);
  io::Task<void> keep_alive_if_it_answers(MachineId id, bool may_return);
  bool may_check(const MachineId& id) const;
  io::Task<void> refresh();
  providers::ListRequest request_for(ProviderKind kind);
  void report(const MachineId& id, const std::string& what, const Error& error);

  const PoolSettings& pools_;
  Ledger& ledger_;
  Publication& publication_;
  const Jobs& jobs_;
  Providers providers_;
  io::Clock& clock_;
  Voice& voice_;
  std::set<ProviderKind> checked_;  // providers with checked machines
};

}  // namespace hydra_provisioner::act
