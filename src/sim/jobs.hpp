// Operations are processes of their own, which outlive the program that began them.
#pragma once

#include <functional>
#include <map>
#include <optional>
#include <utility>
#include <vector>

#include "act/jobs.hpp"
#include "model/random.hpp"
#include "sim/cloud.hpp"
#include "sim/conditions.hpp"
#include "sim/events.hpp"
#include "sim/virtual_clock.hpp"

namespace hydra_provisioner::sim {

// Whether a host that led then may still carry out what it began.
using Confirm = std::function<Expected<void>(const state::Lead& lead)>;

// The processes that run on a host, and the files that they have left.
class JobTable {
 public:
  JobTable(Timeline& timeline, Chronicle& chronicle, Cloud& cloud, Faults& faults, const Pace& pace, Observer& observer,
           Random random, const Cuts& cuts = not_cut_off, Confirm confirm = {})
      : timeline_(timeline),
        chronicle_(chronicle),
        cloud_(cloud),
        faults_(faults),
        pace_(pace),
        observer_(observer),
        random_(random),
        cuts_(cuts),
        confirm_(std::move(confirm)) {}

  std::vector<JobState> list() const;
  // Where hosts share a journal, the operation begins a little later, when its process has asked whether it may.
  Expected<void> begin(const act::JobRequest& request);
  void forget(const MachineId& machine);
  void forget_ended_before(std::int64_t epoch);  // see act::Jobs::distrust_before()

  JobState state_of(const MachineId& machine, Operation operation) const;
  Time end_of(const MachineId& machine) const;
  bool is_running(const MachineId& machine) const;
  bool is_at_work(const MachineId& machine) const;  // it runs, and was allowed to begin
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
    bool is_allowed = true;
    std::optional<JobResult> result;
  };

  Job* find(const MachineId& machine, std::int64_t serial);  // null: it is forgotten
  void ask(const MachineId& machine, std::int64_t serial, JobFate fate);
  void carry_out(const Job& job, Millis acts_after, JobFate fate);
  bool is_cut_off() const { return timeline_.now() < cuts_.from_clouds; }
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
  const Cuts& cuts_;
  Confirm confirm_;
  std::map<MachineId, Job> jobs_;
  std::int64_t serials_ = 0;
  std::int64_t first_unused_number_ = 0;
};

}  // namespace hydra_provisioner::sim
