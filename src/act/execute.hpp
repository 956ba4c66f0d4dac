// Does what a plan says: intent into the journal, the machines file, then the slow calls, side by side and each as a
// job.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <utility>

#include "act/jobs.hpp"
#include "act/ledger.hpp"
#include "act/publication.hpp"
#include "act/voice.hpp"
#include "io/clock.hpp"
#include "io/task.hpp"
#include "model/config.hpp"
#include "model/plan.hpp"
#include "model/snapshot.hpp"
#include "providers/provider.hpp"

namespace hydra_provisioner {

using Providers = std::map<ProviderKind, Provider*>;  // those that could be asked in this pass

class Execution {
 public:
  Execution(const Config& config, const PoolSettings& pools, Ledger& ledger, Publication& publication, Jobs& jobs,
            Providers providers, Clock& clock, Voice& voice);

  // Returns when everything is done or `until` has come; what still runs then is seen by the next pass.
  Task<void> carry_out(const Plan& plan, Instant until);

  // How the creations that ended went, for the back-off of the next ones.
  std::map<PoolName, CreationRecord> creation_records(std::map<PoolName, CreationRecord> before) const;

 private:
  struct CreationsEnded {
    std::int64_t succeeded = 0;
    std::int64_t failed = 0;
  };

  // In which order slow parts get a place: jobs of earlier passes have theirs already, and what leaves must not wait
  // for what boots.
  enum class Turn : std::uint8_t { has_begun, leaves, comes, none };
  using SlowPart = std::pair<const Turn, std::function<Task<void>()>>;

  Task<bool> record_intents(const Plan& plan);
  void record_intent(const Action& action);
  void settle_ended_jobs();
  Task<void> do_slow_parts(const Plan& plan);
  std::optional<SlowPart> slow_part(const Action& action);
  std::optional<SlowPart> awaited_part(const Machine& machine);
  void give_up(Machine& machine, const std::string& why);

  Task<void> bring_up(MachineId id, Operation operation, std::string reason);
  Task<void> await_coming(MachineId id, Operation operation);
  Task<void> await_readiness(MachineId id);
  Task<void> take_down(MachineId id, Operation operation, std::string reason);

  Task<bool> begin(MachineId id, Operation operation, MachineEvent event, std::string reason);
  Task<bool> finish_job(MachineId id, Operation operation);
  bool note_end(const Machine& machine, const JobState& job);
  void forget(const MachineId& machine);
  Task<bool> commit();
  void report_failure(const Machine& machine, Operation operation, const Error& error);
  const PoolConfig& settings_of(const Machine& machine) const;
  bool is_late() const { return clock_.now() >= until_; }

  const Config& config_;
  const PoolSettings& pools_;
  Ledger& ledger_;
  Publication& publication_;
  Jobs& jobs_;
  Providers providers_;
  Clock& clock_;
  Voice& voice_;
  Instant until_;
  std::map<PoolName, CreationsEnded> creations_ended_;
  std::set<MachineId> awaited_;
};

}  // namespace hydra_provisioner
