#include "observe/fleet.hpp"

#include <algorithm>
#include <iterator>
#include <set>
#include <utility>

#include <fmt/format.h>

namespace hydra_provisioner {
namespace {

using enum MachineState;

using Instances = std::map<MachineId, const Instance*>;

void discover(std::vector<Discovery>& discoveries, Machine& machine, MachineEvent event, Instant now,
              std::string reason) {
  if (!advance(machine, event, now)) return;
  if (event == MachineEvent::failed) machine.last_error = reason;
  discoveries.push_back({machine.id, event, std::move(reason)});
}

// The provider lists its machines, and this one is not among them.
void reconcile_missing(std::vector<Discovery>& discoveries, Machine& machine, Instant now) {
  if (machine.state == destroying) {
    discover(discoveries, machine, MachineEvent::destroyed, now, "its provider does not have it any more");
  } else if (is_coming(machine) && !machine.ready_at) {
    machine.interrupted = true;
  } else {
    machine.vanished = true;  // also one that was being started: it existed before
  }
}

void reconcile_present(std::vector<Discovery>& discoveries, Machine& machine, const Instance& instance, Instant now) {
  update_from(machine, instance);
  switch (instance.state) {
    case InstanceState::vanished:
      machine.vanished = true;
      break;
    case InstanceState::incomplete:
      machine.interrupted = is_coming(machine);
      if (!is_coming(machine))
        discover(discoveries, machine, MachineEvent::failed, now, "its provider says that it is incomplete");
      break;
    case InstanceState::stopped:
      machine.interrupted = is_coming(machine);
      discover(discoveries, machine, MachineEvent::stopped, now, "its provider says that it is stopped");
      break;
    case InstanceState::running:
      discover(discoveries, machine, MachineEvent::still_running, now, "its provider says that it runs");
      break;
  }
}

// Of a machine that we know nothing of. One that had an address once, and is incomplete now, is broken: steps may still
// run on it, so it is not made anew.
MachineState first_state(const Instance& instance, bool has_job) {
  if (instance.state == InstanceState::stopped) return stopped;
  const bool is_broken = instance.state == InstanceState::incomplete && !instance.address.empty() && !has_job;
  return is_broken ? failed : creating;
}

// A machine that the journal does not know: it was lost, or never written. Steps may run on it, so it counts as listed
// until the file has been published without it; not so one that has no address, for no file can have listed it.
Machine adopt(const Instance& instance, ProviderKind provider, bool has_job, Instant now) {
  Machine machine;
  machine.id = instance.machine;
  machine.pool = instance.pool;
  machine.provider = provider;
  machine.state = first_state(instance, has_job);
  machine.since = machine.requested_at = now;
  if (machine.state == failed) machine.last_error = "found broken, and not in the journal";
  if (instance.address.empty()) return machine;
  machine.listed = true;
  machine.first_listed_at = Instant{};
  return machine;
}

void adopt_unknown(Fleet& fleet, const Listings& listings, const std::vector<JobState>& jobs, Instant now) {
  std::set<MachineId> known;
  for (const Machine& machine : fleet.machines) known.insert(machine.id);
  for (const auto& [provider, listing] : listings) {
    if (!listing) continue;
    for (const Instance& instance : *listing) {
      if (!known.insert(instance.machine).second) continue;
      const bool has_job = std::ranges::any_of(
          jobs, [&](const JobState& job) { return job.machine == instance.machine && job.is_running; });
      fleet.machines.push_back(adopt(instance, provider, has_job, now));
      fleet.adopted.push_back(instance.machine);
    }
  }
}

Instances by_machine(const Expected<std::vector<Instance>>& listing) {
  Instances instances;
  for (const Instance& instance : *listing) instances.emplace(instance.machine, &instance);
  return instances;
}

void reconcile_with_providers(Fleet& fleet, const Listings& listings, Instant now) {
  for (const auto& [provider, listing] : listings) {
    if (!listing) continue;
    const Instances instances = by_machine(listing);
    for (Machine& machine : fleet.machines) {
      if (machine.provider != provider || machine.under_way) continue;
      const auto instance = instances.find(machine.id);
      if (instance == instances.end()) {
        reconcile_missing(fleet.discoveries, machine, now);
      } else {
        reconcile_present(fleet.discoveries, machine, *instance->second, now);
      }
    }
  }
}

void apply_jobs(Fleet& fleet, const std::vector<JobState>& jobs, Instant now) {
  std::map<MachineId, const JobState*> by_id;
  for (const JobState& job : jobs) by_id.emplace(job.machine, &job);
  for (Machine& machine : fleet.machines) {
    const auto job = by_id.find(machine.id);
    if (job == by_id.end()) continue;
    if (job->second->is_running) {
      machine.under_way = job->second->operation;
    } else if (job->second->result) {
      std::ranges::move(apply_result(machine, job->second->operation, *job->second->result, now),
                        std::back_inserter(fleet.discoveries));
    }
  }
}

void note_changed(Fleet& fleet, const std::vector<Machine>& remembered) {
  std::map<MachineId, const Machine*> before;
  for (const Machine& machine : remembered) before.emplace(machine.id, &machine);
  for (const Machine& machine : fleet.machines) {
    const auto known = before.find(machine.id);
    if (known == before.end() || *known->second != machine) fleet.changed.push_back(machine.id);
  }
}

void apply_failure(Machine& machine, Operation operation, const Error& error, Instant now,
                   std::vector<Discovery>& discoveries) {
  machine.last_error = fmt::format("{}: {}", to_string(operation), error.message);
  switch (operation) {
    case Operation::create:
    case Operation::start:
      if (is_coming(machine)) discover(discoveries, machine, MachineEvent::failed, now, machine.last_error);
      break;
    case Operation::stop:
      machine.cannot_stop = machine.cannot_stop || error.kind == ErrorKind::refused;
      discover(discoveries, machine, MachineEvent::still_running, now, machine.last_error);
      break;
    case Operation::destroy:
      break;  // stays `destroying`, and is tried again
  }
}

}  // namespace

Fleet reconcile(const std::vector<Machine>& remembered, const Listings& listings, const std::vector<JobState>& jobs,
                Instant now) {
  Fleet fleet{.machines = remembered, .adopted = {}, .changed = {}, .discoveries = {}};
  adopt_unknown(fleet, listings, jobs, now);
  std::ranges::sort(fleet.machines, {}, [](const Machine& machine) { return number_of(machine.id); });
  apply_jobs(fleet, jobs, now);
  reconcile_with_providers(fleet, listings, now);
  note_changed(fleet, remembered);
  return fleet;
}

std::vector<Discovery> apply_result(Machine& machine, Operation operation, const JobResult& result, Instant now) {
  std::vector<Discovery> discoveries;
  machine.under_way.reset();
  if (!result) {
    apply_failure(machine, operation, result.error(), now, discoveries);
    return discoveries;
  }
  if (*result) update_from(machine, **result);
  if (operation == Operation::stop) discover(discoveries, machine, MachineEvent::stopped, now, "stopped");
  if (operation == Operation::destroy) discover(discoveries, machine, MachineEvent::destroyed, now, "destroyed");
  return discoveries;
}

void update_from(Machine& machine, const Instance& instance) {
  machine.instance = instance.id;
  // One that is stopped may have no address, yet what the queue runner says of it stands under the name that it had.
  if (!instance.address.empty()) machine.address = instance.address;
  machine.host_key = instance.host_key;
  machine.launched_at = instance.launched_at;
}

}  // namespace hydra_provisioner
