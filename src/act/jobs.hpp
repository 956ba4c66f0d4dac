// Provider operations, each in a process of its own that outlives the pass: killing this program interrupts none.
#pragma once

#include <cstdint>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include <sys/types.h>

#include "io/async/task.hpp"
#include "model/config.hpp"
#include "model/job.hpp"
#include "model/time.hpp"
#include "state/hosts.hpp"

namespace hydra_provisioner::act {

struct JobRequest {
  MachineId machine;
  InstanceId instance{};  // empty while the provider has not named it
  MachineId noted_as{};   // see Machine, and so the slot
  std::optional<std::int64_t> slot{};
  bool is_new = false;  // nothing of the machine can exist yet
  Operation operation = Operation::create;
  ProviderKind provider = ProviderKind::local;
  PoolName pool;
  std::string settings_json;               // of the pool
  Owner owner{};                           // see providers::MachineRef
  std::optional<state::Lead> lead{};       // to be confirmed before what cannot be taken back
  Seconds deadline{};                      // after which the job ends itself and everything that it started
  std::vector<std::string> environment{};  // `NAME=value`, added to ours
};

class Jobs {
 public:
  virtual ~Jobs() = default;

  // All jobs that run, and those that have ended and were not forgotten yet.
  virtual Expected<std::vector<JobState>> list() = 0;

  // Fails with ErrorKind::already_exists while a job of that machine runs.
  virtual Expected<void> begin(const JobRequest& request) = 0;

  // Waits until the machine's job has ended, at most until `until`. Returns its state then.
  virtual io::Task<JobState> wait(MachineId machine, Operation operation, Instant until) = 0;

  // The processes of all jobs that were not forgotten yet, as far as they are known: one whose job has ended may have
  // ended, too.
  virtual std::set<pid_t> processes() const { return {}; }

  // Called when its result is recorded: removes all files of the job except its log.
  virtual Expected<void> forget(const MachineId& machine) = 0;

  // For a host that leads since this epoch: another one led before, and may have done something else with the machines
  // of earlier jobs. From now on, list() forgets those when they have ended, without their results.
  virtual void distrust_before(std::int64_t /*epoch*/) {}

  // Greater than the number of every machine that ever had a job here.
  virtual std::int64_t first_unused_number() const = 0;

  virtual std::string log_file(const MachineId& machine) const = 0;

  // Removes the logs of machines that do not exist any more, in which nothing was written since then. One of the
  // highest number stays: first_unused_number() reads it.
  virtual void forget_logs(const std::set<MachineId>& existing, Instant before) = 0;
};

}  // namespace hydra_provisioner::act
