// Operations are processes of their own, which outlive the program that began them.
#pragma once

#include <map>
#include <optional>
#include <vector>

#include "act/jobs.hpp"
#include "model/random.hpp"
#include "sim/cloud.hpp"
#include "sim/conditions.hpp"
#include "sim/events.hpp"
#include "sim/virtual_clock.hpp"

namespace hydra_provisioner::sim {

// The processes that run, and the files that they have left.
class JobTable {
 public:
  JobTable(Timeline& timeline, Chronicle& chronicle, Cloud& cloud, Faults& faults, const Pace& pace, Observer& observer,
           Random random)
      : timeline_(timeline),
        chronicle_(chronicle),
        cloud_(cloud),
        faults_(faults),
        pace_(pace),
        observer_(observer),
        random_(random) {}

  std::vector<JobState> list() const;
  Expected<void> begin(const act::JobRequest& request);
  void forget(const MachineId& machine);

  JobState state_of(const MachineId& machine, Operation operation) const;
  Time end_of(const MachineId& machine) const;
  bool is_running(const MachineId& machine) const;
  std::int64_t count_running() const;
  std::vector<MachineId> machines_at(Operation operation, const PoolName& pool) const;  // which runs
  bool is_empty() const { return jobs_.empty(); }
  std::int64_t first_unused_number() const { return first_unused_number_; }
  // Creations of the pool of which nothing exists yet.
  std::int64_t count_of_coming(const PoolName& pool) const;

 private:
  struct Job {
    act::JobRequest request;
    std::int64_t serial = 0;
    Time end;
    bool is_running = true;
    std::optional<JobResult> result;
  };

  Millis duration_of(const act::JobRequest& request, JobFate fate);
  JobFate next_fate();
  bool lasts(Time fault) const { return timeline_.now() < fault; }
  void act(const act::JobRequest& request, JobFate fate);
  void finish(const MachineId& machine, std::int64_t serial, JobFate fate);
  JobResult outcome(const act::JobRequest& request, JobFate fate);
  JobResult complete(const act::JobRequest& request);
  JobResult complete_arrival(const act::JobRequest& request);
  JobResult complete_removal(const act::JobRequest& request);

  Timeline& timeline_;
  Chronicle& chronicle_;
  Cloud& cloud_;
  Faults& faults_;
  const Pace& pace_;
  Observer& observer_;
  Random random_;
  std::map<MachineId, Job> jobs_;
  std::int64_t serials_ = 0;
  std::int64_t first_unused_number_ = 0;
};

}  // namespace hydra_provisioner::sim
