#include "observe/fleet.hpp"

#include <algorithm>
#include <iterator>
#include <set>
#include <utility>

#include <fmt/format.h>

namespace hydra_provisioner::observe {
namespace {

using enum MachineState;

using Instances = std::map<MachineId, const Instance*>;  // by the machine that each is

void discover(std::vector<Discovery>& discoveries, Machine& machine, MachineEvent event, Instant now,
              std::string reason) {
  if (!advance(machine, event, now)) return;
  if (event == MachineEvent::failed) machine.last_error = reason;
  discoveries.push_back({machine.id, event, std::move(reason)});
}

// No machine is there: its creation did not come that far, or it is no more.
void note_absence(Machine& machine) {
  if (is_coming(machine) && !machine.ready_at && !machine.listing.first_began_at) {
    machine.found.interrupted = true;
  } else {
    machine.found.vanished = true;  // also one that was being started: it existed before
  }
}

// The provider lists its machines, and this one is not among them.
void reconcile_missing(std::vector<Discovery>& discoveries, Machine& machine, Instant now) {
  if (machine.state == destroying) {
    discover(discoveries, machine, MachineEvent::destroyed, now, "its provider does not have it any more");
  } else {
    note_absence(machine);
  }
}

void reconcile_running(std::vector<Discovery>& discoveries, Machine& machine, Instant now) {
  discover(discoveries, machine, MachineEvent::still_running, now, "its provider says that it runs");
}

void reconcile_unreachable(std::vector<Discovery>& discoveries, Machine& machine, Instant now) {
  discover(discoveries, machine, MachineEvent::became_unready, now, "its provider says that it cannot be used");
  if (machine.state == draining) machine.spec_hash.clear();  // it is not put back into the file as it is
  machine.found.needs_redeploy = is_coming(machine);
}

void reconcile_present(std::vector<Discovery>& discoveries, Machine& machine, const Instance& instance, Instant now) {
  update_from(machine, instance);
  switch (instance.state) {
    case InstanceState::vanished:
      note_absence(machine);
      break;
    case InstanceState::incomplete:
      machine.found.interrupted = is_coming(machine);
      if (!is_coming(machine))
        discover(discoveries, machine, MachineEvent::failed, now, "its provider says that it is incomplete");
      break;
    case InstanceState::stopped:
      machine.found.interrupted = is_coming(machine);
      discover(discoveries, machine, MachineEvent::stopped, now, "its provider says that it is stopped");
      break;
    case InstanceState::unreachable:
      reconcile_unreachable(discoveries, machine, now);
      break;
    case InstanceState::unproven:
      machine.found.needs_redeploy = is_coming(machine) && machine.spec_hash.empty();
      reconcile_running(discoveries, machine, now);
      break;
    case InstanceState::running:
      reconcile_running(discoveries, machine, now);
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
Machine adopt(const MachineId& id, const Instance& instance, ProviderKind provider, bool has_job, Instant now) {
  Machine machine;
  machine.id = id;
  machine.pool = instance.pool;
  machine.provider = provider;
  machine.state = first_state(instance, has_job);
  machine.since = machine.requested_at = now;
  if (machine.state == failed) machine.last_error = "found broken, and not in the journal";
  if (instance.address.empty()) return machine;
  machine.listing.is_listed = true;
  machine.listing.first_began_at = Instant{};
  return machine;
}

bool is_being_worked_at(const MachineId& machine, const std::vector<JobState>& jobs) {
  return std::ranges::any_of(jobs, [&](const JobState& job) { return job.machine == machine && job.is_running; });
}

// Which machine of ours each instance is. Its own name comes first, because a provider may note one machine's id at two
// instances, or at one that we never made. `unknown` gets those that are none.
Instances match(const Fleet& fleet, ProviderKind provider, const std::vector<Instance>& listing,
                std::vector<const Instance*>& unknown) {
  std::map<InstanceId, const Instance*> left;
  for (const Instance& instance : listing) left.emplace(instance.id, &instance);
  Instances matched;
  for (const Machine& machine : fleet.machines) {
    const auto instance = machine.provider == provider ? left.find(machine.instance) : left.end();
    if (instance == left.end()) continue;
    matched.emplace(machine.id, instance->second);
    left.erase(instance);
  }
  std::set<MachineId> ours;
  for (const Machine& machine : fleet.machines) {
    if (machine.provider == provider) ours.insert(machine.id);
  }
  for (const auto& [id, instance] : left) {
    const bool fits = ours.contains(instance->machine) && matched.emplace(instance->machine, instance).second;
    if (!fits) unknown.push_back(instance);
  }
  return matched;
}

// An id of ours that is not taken yet is kept, any other replaced.
MachineId id_for(const Instance& instance, const std::set<MachineId>& taken, Numbering& numbering) {
  if (is_of(numbering.tag, instance.machine) && !taken.contains(instance.machine)) return instance.machine;
  return MachineId{fmt::format("{}-{}", numbering.tag, numbering.next++)};
}

// No id that any of them bears is given to another.
void leave_out_numbers_of(const std::vector<const Instance*>& instances, Numbering& numbering) {
  for (const Instance* instance : instances) {
    if (is_of(numbering.tag, instance->machine))
      numbering.next = std::max(numbering.next, number_of(instance->machine) + 1);
  }
}

std::map<ProviderKind, Instances> match_and_adopt(Fleet& fleet, const Listings& listings,
                                                  const std::vector<JobState>& jobs, Numbering numbering, Instant now) {
  std::set<MachineId> taken;
  for (const Machine& machine : fleet.machines) taken.insert(machine.id);
  std::map<ProviderKind, Instances> matched;
  for (const auto& [provider, listing] : listings) {
    if (!listing) continue;
    std::vector<const Instance*> unknown;
    Instances& instances = matched[provider] = match(fleet, provider, listing->instances, unknown);
    leave_out_numbers_of(unknown, numbering);
    for (const Instance* instance : unknown) {
      const MachineId id = id_for(*instance, taken, numbering);
      taken.insert(id);
      fleet.machines.push_back(adopt(id, *instance, provider, is_being_worked_at(id, jobs), now));
      fleet.adopted.push_back(id);
      instances.emplace(id, instance);
    }
  }
  return matched;
}

void reconcile_with_providers(Fleet& fleet, const Listings& listings, const std::map<ProviderKind, Instances>& listed,
                              Instant now) {
  for (Machine& machine : fleet.machines) {
    const auto instances = listed.find(machine.provider);
    if (instances == listed.end() || machine.found.under_way) continue;
    const auto instance = instances->second.find(machine.id);
    if (instance != instances->second.end()) {
      reconcile_present(fleet.discoveries, machine, *instance->second, now);
    } else if (!listings.at(machine.provider)->unseen.contains(machine.pool)) {
      reconcile_missing(fleet.discoveries, machine, now);
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
      machine.found.under_way = job->second->operation;
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

void apply_failed_arrival(Machine& machine, const Error& error, Instant now, std::vector<Discovery>& discoveries) {
  if (!is_coming(machine)) return;
  if (error.kind == ErrorKind::unfinished) {
    machine.checked_at = now;
  } else if (error.kind == ErrorKind::no_capacity) {
    // Whatever there is of it goes; but it does not count among the machines that failed.
    discover(discoveries, machine, MachineEvent::destruction_began, now, machine.last_error);
  } else {
    discover(discoveries, machine, MachineEvent::failed, now, machine.last_error);
  }
}

void apply_failure(Machine& machine, Operation operation, const Error& error, Instant now,
                   std::vector<Discovery>& discoveries) {
  machine.last_error = fmt::format("{}: {}", to_string(operation), error.message);
  switch (operation) {
    case Operation::create:
    case Operation::start:
      apply_failed_arrival(machine, error, now, discoveries);
      break;
    case Operation::stop:
      machine.cannot_stop = machine.cannot_stop || error.kind == ErrorKind::refused;
      discover(discoveries, machine, MachineEvent::still_running, now, machine.last_error);
      break;
    case Operation::redeploy:
      machine.spec_hash.clear();
      machine.checked_at = now;
      discover(discoveries, machine, MachineEvent::became_unready, now, machine.last_error);
      break;
    case Operation::destroy:
      break;  // stays `destroying`, and is tried again
  }
}

}  // namespace

Fleet reconcile(const std::vector<Machine>& remembered, const Listings& listings, const std::vector<JobState>& jobs,
                const Numbering& numbering, Instant now) {
  Fleet fleet{.machines = remembered, .adopted = {}, .changed = {}, .discoveries = {}};
  const auto listed = match_and_adopt(fleet, listings, jobs, numbering, now);
  if (!fleet.adopted.empty())
    std::ranges::sort(fleet.machines, {}, [](const Machine& machine) { return number_of(machine.id); });
  apply_jobs(fleet, jobs, now);
  reconcile_with_providers(fleet, listings, listed, now);
  note_changed(fleet, remembered);
  return fleet;
}

std::vector<Discovery> apply_result(Machine& machine, Operation operation, const JobResult& result, Instant now) {
  std::vector<Discovery> discoveries;
  machine.found.under_way.reset();
  if (!result) {
    apply_failure(machine, operation, result.error(), now, discoveries);
    return discoveries;
  }
  if (*result) update_from(machine, **result);
  if (operation == Operation::redeploy) machine.checked_at = now;
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
  machine.billing_period = instance.billing_period;
  if (!instance.spec_hash.empty()) machine.spec_hash = instance.spec_hash;
}

}  // namespace hydra_provisioner::observe
