#include "sim/jobs.hpp"

#include <algorithm>
#include <utility>

namespace hydra_provisioner::sim {
namespace {

constexpr Millis asks_within{1'000};

bool is_arrival(Operation operation) { return operation != Operation::stop && operation != Operation::destroy; }

bool does_its_work(JobFate fate) {
  return fate == JobFate::fine || fate == JobFate::takes_long || fate == JobFate::fails_late ||
         fate == JobFate::hangs_late || fate == JobFate::is_killed_late;
}

bool hangs(JobFate fate) { return fate == JobFate::hangs || fate == JobFate::hangs_late; }

}  // namespace

std::vector<JobState> JobTable::list() const {
  std::vector<JobState> states;
  states.reserve(jobs_.size());
  for (const auto& [machine, job] : jobs_) states.push_back(state_of(machine, job.request.operation));
  return states;
}

Expected<void> JobTable::begin(const act::JobRequest& request) {
  const bool another_runs = is_running(request.machine);
  observer_.operation_begins(request, another_runs);
  if (another_runs) return failure("another job of it runs", ErrorKind::already_exists);
  const JobFate fate = next_fate();
  const Millis duration = duration_of(request, fate);
  Job& job = jobs_[request.machine];
  job = {.request = request,
         .serial = ++serials_,
         .end = timeline_.now() + duration,
         .is_allowed = !request.lead,
         .result = {}};
  first_unused_number_ = std::max(first_unused_number_, number_of(request.machine) + 1);
  chronicle_.add("job: {} {} begins", to_string(request.operation), request.machine);
  if (!request.lead) {
    carry_out(job, duration / 4, fate);
    return {};
  }
  timeline_.after(Millis{random_.between(0, std::min(duration, asks_within).count())},
                  [this, machine = request.machine, serial = job.serial, fate] { ask(machine, serial, fate); });
  return {};
}

JobTable::Job* JobTable::find(const MachineId& machine, std::int64_t serial) {
  const auto job = jobs_.find(machine);
  return job == jobs_.end() || job->second.serial != serial ? nullptr : &job->second;
}

void JobTable::ask(const MachineId& machine, std::int64_t serial, JobFate fate) {
  Job* job = find(machine, serial);
  if (job == nullptr) return;
  if (auto leads = confirm_(*job->request.lead); !leads) {
    chronicle_.add("job: {} {} is not begun: {}", to_string(job->request.operation), machine, leads.error().message);
    job->is_running = false;
    job->result = failure(std::move(leads.error().message), ErrorKind::unfinished);
    return;
  }
  observer_.operation_is_confirmed(job->request);
  job->is_allowed = true;
  carry_out(*job, (job->end - timeline_.now()) / 4, fate);
}

// In between, the machine is half made or half gone.
void JobTable::carry_out(const Job& job, Millis acts_after, JobFate fate) {
  timeline_.after(acts_after, [this, request = job.request, fate] { act(request, fate); });
  timeline_.at(job.end,
               [this, machine = job.request.machine, serial = job.serial, fate] { finish(machine, serial, fate); });
}

void JobTable::forget(const MachineId& machine) {
  const auto job = jobs_.find(machine);
  if (job == jobs_.end()) return;
  observer_.operation_is_forgotten(state_of(machine, job->second.request.operation));
  jobs_.erase(job);
}

void JobTable::forget_ended_before(std::int64_t epoch) {
  std::erase_if(jobs_, [epoch](const auto& entry) {
    const Job& job = entry.second;
    return !job.is_running && job.request.lead && job.request.lead->epoch < epoch;
  });
}

JobState JobTable::state_of(const MachineId& machine, Operation operation) const {
  const auto job = jobs_.find(machine);
  if (job == jobs_.end()) return {.machine = machine, .operation = operation, .is_running = false, .result = {}};
  return {.machine = machine,
          .operation = job->second.request.operation,
          .is_running = job->second.is_running,
          .result = job->second.result};
}

Time JobTable::end_of(const MachineId& machine) const { return jobs_.at(machine).end; }

bool JobTable::is_running(const MachineId& machine) const {
  const auto job = jobs_.find(machine);
  return job != jobs_.end() && job->second.is_running;
}

bool JobTable::is_at_work(const MachineId& machine) const {
  const auto job = jobs_.find(machine);
  return job != jobs_.end() && job->second.is_running && job->second.is_allowed;
}

std::int64_t JobTable::count_running() const {
  return std::ranges::count_if(jobs_, [](const auto& entry) { return entry.second.is_running; });
}

std::int64_t JobTable::count_of_coming(const PoolName& pool) const {
  return std::ranges::count_if(jobs_, [&](const auto& entry) {
    const Job& job = entry.second;
    return job.is_running && job.request.operation == Operation::create && job.request.pool == pool &&
           cloud_.find(job.request.machine, job.request.provider) == nullptr;
  });
}

std::vector<MachineId> JobTable::machines_at(Operation operation, const PoolName& pool) const {
  std::vector<MachineId> machines;
  for (const auto& [machine, job] : jobs_) {
    if (job.is_running && job.request.operation == operation && job.request.pool == pool) machines.push_back(machine);
  }
  return machines;
}

Millis JobTable::duration_of(const act::JobRequest& request, JobFate fate) {
  if (hangs(fate)) return request.deadline;
  const bool is_deployment = needs_upkeep(request.provider) && is_arrival(request.operation);
  const bool was_stopped = request.operation == Operation::start;
  const Millis usual = is_deployment ? pace_.boot_of(request.pool, was_stopped, pace_.deployment, random_)
                                     : pace_.operation.draw(random_);
  return std::min<Millis>(fate == JobFate::takes_long ? usual * 5 : usual, request.deadline);
}

JobFate JobTable::next_fate() {
  if (faults_.next_fates.empty()) return JobFate::fine;
  const JobFate fate = faults_.next_fates.front();
  faults_.next_fates.pop_front();
  return fate;
}

void JobTable::act(const act::JobRequest& request, JobFate fate) {
  SimInstance* instance = cloud_.find(request.machine, request.provider);
  const bool comes_this_far = does_its_work(fate) || hangs(fate);
  if (!comes_this_far || is_cut_off()) return;
  if (request.operation == Operation::create && instance == nullptr)
    cloud_.make(request.machine, request.pool, request.provider, request.owner, request.noted_as);
  if (request.operation == Operation::start && instance != nullptr && instance->power == Power::off)
    instance->power = Power::being_made;  // until the start has ended
  if (request.operation == Operation::destroy && instance != nullptr && instance->exists() &&
      instance->power == Power::on) {
    observer_.instance_goes_off(*instance, request.operation);
    cloud_.turn_off(*instance, Power::being_made);
  }
}

void JobTable::finish(const MachineId& machine, std::int64_t serial, JobFate fate) {
  Job* job = find(machine, serial);
  if (job == nullptr) return;
  JobResult result = outcome(job->request, fate);
  job->is_running = false;
  const bool has_result = fate != JobFate::is_killed && fate != JobFate::is_killed_late;
  const std::string ended = result ? "succeeded" : "failed: " + result.error().message;
  chronicle_.add("job: {} {} {}", to_string(job->request.operation), machine, has_result ? ended : "was killed");
  if (has_result) job->result = std::move(result);
}

JobResult JobTable::outcome(const act::JobRequest& request, JobFate fate) {
  if (is_cut_off()) return failure("the provider does not answer");
  if (lasts(faults_.specification_is_broken) && needs_upkeep(request.provider) && is_arrival(request.operation))
    return failure("the specification is broken", ErrorKind::untouched);
  if (lasts(faults_.destructions_fail) && request.operation == Operation::destroy) return failure("it is protected");
  JobResult worked = does_its_work(fate) ? complete(request) : JobResult(failure("the provider says no"));
  if (!worked && does_its_work(fate)) return worked;
  switch (fate) {
    case JobFate::fine:
    case JobFate::takes_long:
      return worked;
    case JobFate::hangs:
    case JobFate::hangs_late:
      return failure("not finished in time", ErrorKind::timed_out);
    case JobFate::finds_no_capacity:
      return failure("no capacity", ErrorKind::no_capacity);
    case JobFate::is_refused:
      return failure("refused", request.operation == Operation::stop ? ErrorKind::refused : ErrorKind::failed);
    default:
      return failure("the provider says that it failed");
  }
}

JobResult JobTable::complete(const act::JobRequest& request) {
  return is_arrival(request.operation) ? complete_arrival(request) : complete_removal(request);
}

JobResult JobTable::complete_arrival(const act::JobRequest& request) {
  SimInstance* instance = cloud_.find(request.machine, request.provider);
  if (instance != nullptr && !instance->exists() && request.operation == Operation::create) {
    cloud_.remove(*instance);  // what is left of it
    instance = nullptr;
  }
  if (request.operation != Operation::create && (instance == nullptr || !instance->exists()))
    return failure("it has vanished");
  if (instance == nullptr)
    instance = &cloud_.make(request.machine, request.pool, request.provider, request.owner, request.noted_as);
  cloud_.finish(*instance);
  Instance described = Cloud::described(*instance);
  if (!needs_upkeep(request.provider)) return described;
  if (!cloud_.answers(*instance)) return failure("does not answer", ErrorKind::unfinished);
  described.spec_hash = instance->spec_hash;
  return described;
}

JobResult JobTable::complete_removal(const act::JobRequest& request) {
  SimInstance* instance = cloud_.find(request.machine, request.provider);
  if (instance == nullptr) return std::nullopt;
  if (instance->exists() && instance->power == Power::on) observer_.instance_goes_off(*instance, request.operation);
  if (request.operation == Operation::destroy) {
    cloud_.remove(*instance);
    return std::nullopt;
  }
  if (!instance->exists()) {
    instance->is_known_to_be_gone = true;
    return failure("it has vanished");
  }
  cloud_.turn_off(*instance, Power::off);
  return std::nullopt;
}

}  // namespace hydra_provisioner::sim
