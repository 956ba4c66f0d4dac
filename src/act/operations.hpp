// A machine's slow operations, from the intent in the journal to the outcome. The provider's call is a job, and a new
// machine is published as soon as it is ready.
#pragma once

#include <cstdint>
#include <map>
#include <set>
#include <string>

#include "act/jobs.hpp"
#include "act/ledger.hpp"
#include "act/publication.hpp"
#include "act/voice.hpp"
#include "io/async/clock.hpp"
#include "io/async/task.hpp"
#include "model/config.hpp"
#include "model/snapshot.hpp"
#include "providers/provider.hpp"

namespace hydra_provisioner::act {

using Providers = std::map<ProviderKind, providers::Provider*>;

struct Bounds {
  Instant until;                    // the pass waits no longer than this; the next pass sees what still runs
  std::int64_t parallel_max = 1;    // operations under way at a time, those of earlier passes included
  bool knows_jobs = true;           // the results of jobs that have ended are applied; else no operation begins
  std::set<ProviderKind> silent{};  // providers that did not answer in this pass: their machines are not waited for
};

class Operations {
 public:
  // `creations` is how earlier ones went.
  Operations(const PoolSettings& pools, Ledger& ledger, Publication& publication, Jobs& jobs, Providers providers,
             io::Clock& clock, Voice& voice, std::map<PoolName, CreationRecord> creations, Bounds bounds);

  // `reason` is the plan's. The machines are the ledger's, with their intents recorded.
  // One that stands by is not listed when it is ready.
  io::Task<void> bring_up(MachineId id, Operation operation, std::string reason, bool stands_by = false);
  io::Task<void> await_coming(MachineId id, Operation operation, bool stands_by = false);  // begun by an earlier pass
  io::Task<void> take_down(MachineId id, Operation operation, std::string reason, bool by_force = false);

  bool can_ask(ProviderKind provider) const { return !bounds_.silent.contains(provider); }

  // Jobs that ended since the last pass: reconcile() has applied their results, which are recorded by now.
  void settle_ended_jobs();

  // A machine that its cloud ended before it was ready; its state says so already.
  void count_early_end(const MachineId& id);

  // A new machine that leaves because it is of no use counts as a failed creation, though it got ready.
  void count_useless(const MachineId& id, const std::string& why);

  // A machine that did not get ready in time counts as a failed creation.
  void give_up(Machine& machine, const std::string& why);

  // How they went, those of this pass included.
  const std::map<PoolName, CreationRecord>& creations() const { return creations_now_; }

 private:
  class Waiting;
  class Place;

  io::Task<Expected<void>> is_ready(Machine machine, PoolConfig pool);
  io::Task<void> await_readiness(MachineId id, bool stands_by);
  io::Task<bool> begin(MachineId id, Operation operation, std::string reason);
  io::Task<bool> finish_job(MachineId id, Operation operation);
  bool note_end(const Machine& machine, const JobState& job);
  void note_creation(const PoolName& pool, const std::string& error);
  void note_stop(const PoolName& pool, const JobResult& result);
  void forget(const MachineId& machine);
  io::Task<bool> commit();
  void report_failure(const Machine& machine, Operation operation, const Error& error);
  const PoolConfig& settings_of(const Machine& machine) const;
  bool has_place() const;
  bool is_late() const { return clock_.now() >= bounds_.until; }

  const PoolSettings& pools_;
  Ledger& ledger_;
  Publication& publication_;
  Jobs& jobs_;
  Providers providers_;
  io::Clock& clock_;
  Voice& voice_;
  Bounds bounds_;
  std::map<PoolName, CreationRecord> creations_;      // of earlier passes
  std::map<PoolName, CreationRecord> creations_now_;  // with those of this pass
  std::set<PoolName> succeeded_;                      // pools of which a creation succeeded in this pass
  std::int64_t jobs_of_gone_machines_ = 0;            // that still run and take a place each
  std::set<MachineId> waited_for_;
  std::set<MachineId> beginning_;  // they have a place, and no job yet
};

}  // namespace hydra_provisioner::act
