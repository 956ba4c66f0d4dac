#include "observe/fleet.hpp"

#include <algorithm>
#include <iterator>
#include <set>
#include <utility>

#include <fmt/format.h>

#include "observe/places.hpp"

namespace hydra_provisioner::observe {
namespace {

using enum MachineState;

using Instances = std::map<MachineId, const Instance*>;

bool was_never_in_use(const Machine& machine) {
  return is_coming(machine) && !machine.ready_at && !machine.listing.first_began_at;
}

// There is no such machine: either its creation was interrupted before it existed, or it has vanished.
void note_absence(Machine& machine) {
  if (was_never_in_use(machine)) {
    machine.found.interrupted = true;
  } else {
    machine.found.vanished = true;  // also one that was being started, because it existed before
  }
}

void reconcile_running(std::vector<Discovery>& discoveries, Machine& machine, Instant now) {
  discover(discoveries, machine, MachineEvent::still_running, now, "its provider says that it runs");
}

void reconcile_unreachable(std::vector<Discovery>& discoveries, Machine& machine, Instant now) {
  discover(discoveries, machine, MachineEvent::became_unready, now, "its provider says that it cannot be used");
  if (machine.state == draining) machine.spec_hash.clear();  // so it is not put back into the machines file as it is
  machine.found.needs_redeploy = is_coming(machine);
}

// To make it once more under the same id would have no end: it may be ended each time.
void reconcile_ended(Fleet& fleet, Machine& machine, const std::string& why, Instant now) {
  const bool is_adopted = std::ranges::find(fleet.adopted, machine.id) != fleet.adopted.end();
  if (was_never_in_use(machine) && !is_adopted) {
    fleet.ended_early.push_back(machine.id);
    discover(fleet.discoveries, machine, MachineEvent::failed, now,
             fmt::format("ended before it was ready: {}", why.empty() ? "its provider gives no reason" : why),
             FailureClass::boot);
  } else {
    machine.found.vanished = true;
  }
}

// Nothing is left to be done with it, and nothing may be done with what its provider shows.
void give_up(Fleet& fleet, Machine& machine, Instant now, std::string why) {
  advance(machine, MachineEvent::destruction_began, now);
  discover(fleet.discoveries, machine, MachineEvent::destroyed, now, std::move(why));
}

// A machine that was just made may be missing in its provider's next listing.
bool may_still_be_shown(const Machine& machine, Instant now) {
  constexpr Seconds listings_lag{60};
  return was_never_in_use(machine) && now - machine.launched_at.value_or(machine.since) < listings_lag;
}

// A name that goes from machine to machine identifies only one whose instance is not known yet.
bool is_identified_by_name(const Machine& machine) {
  return !traits_of(machine.provider).gives_names_back || machine.instance.text.empty();
}

// What was our machine, or has its id, may belong to another installation: it was handed over, or both installations
// chose the same id at the same moment.
const Foreign* other_owners(const Fleet& fleet, const Machine& machine) {
  const bool is_noted = is_identified_by_name(machine);
  const auto found = std::ranges::find_if(fleet.foreign, [&](const Foreign& foreign) {
    const auto& [instance, provider] = foreign;
    return provider == machine.provider && !instance.owner.text.empty() &&
           (instance.id == machine.instance || (is_noted && instance.machine == noted_id(machine)));
  });
  return found == fleet.foreign.end() ? nullptr : &*found;
}

// The machine is not in the inventory of its provider.
void reconcile_missing(Fleet& fleet, Machine& machine, Instant now) {
  if (const Foreign* other = other_owners(fleet, machine)) {
    give_up(
        fleet, machine, now,
        fmt::format("{} belongs to the installation {}, and is left alone", other->instance.id, other->instance.owner));
  } else if (machine.state == destroying) {
    discover(fleet.discoveries, machine, MachineEvent::destroyed, now, "its provider does not have it any more");
  } else if (machine.instance.text.empty() || may_still_be_shown(machine, now)) {
    note_absence(machine);
  } else {
    reconcile_ended(fleet, machine, "its provider does not have it any more", now);
  }
}

void reconcile_present(Fleet& fleet, Machine& machine, const Instance& instance, Instant now) {
  update_from(machine, instance);
  machine.found.notice = instance.notice;
  switch (instance.state) {
    case InstanceState::vanished:
      note_absence(machine);
      break;
    case InstanceState::ended:
      reconcile_ended(fleet, machine, instance.why, now);
      break;
    case InstanceState::incomplete:
      machine.found.interrupted = is_coming(machine);
      if (!is_coming(machine))
        discover(fleet.discoveries, machine, MachineEvent::failed, now,
                 instance.why.empty() ? "its provider says that it is incomplete" : instance.why);
      break;
    case InstanceState::stopped:
      machine.found.interrupted = is_coming(machine);
      discover(fleet.discoveries, machine, MachineEvent::stopped, now, "its provider says that it is stopped");
      break;
    case InstanceState::unreachable:
      reconcile_unreachable(fleet.discoveries, machine, now);
      break;
    case InstanceState::unproven:
      machine.found.needs_redeploy = is_coming(machine) && machine.spec_hash.empty();
      reconcile_running(fleet.discoveries, machine, now);
      break;
    case InstanceState::running:
      reconcile_running(fleet.discoveries, machine, now);
      break;
  }
}

// The state of an adopted machine. One that runs and stands in the machines file keeps its line: if it is redeployed,
// then like any other ready machine. One that has an address but is incomplete is broken: steps may still run on it, so
// its creation is not repeated.
MachineState first_state(const Instance& instance, bool has_job, bool is_in_use) {
  if (instance.state == InstanceState::stopped) return stopped;
  const bool runs = instance.state == InstanceState::running || instance.state == InstanceState::unproven;
  if (is_in_use && runs && !has_job) return ready;
  const bool is_broken = instance.state == InstanceState::incomplete && !instance.address.empty() && !has_job;
  return is_broken ? failed : creating;
}

bool is_at_address_in(const std::set<std::string>& names, const Instance& instance) {
  return !instance.address.empty() && names.contains(name_at(instance.address));
}

// The queue runner knows machines by their names in the machines file, or by their ids.
bool is_named_in(const std::set<std::string>& names, const Instance& instance) {
  return is_at_address_in(names, instance) || names.contains(instance.machine.text);
}

// Makes a machine of an instance that the journal does not know, because the journal was lost or was never written.
// Steps may run on it, so it counts as listed until the machines file was published without it. A machine without an
// address does not count as listed, because no file can have listed it.
Machine adopt(const MachineId& id, const Instance& instance, ProviderKind provider, bool has_job, Instant now,
              const Claims& claims) {
  Machine machine;
  machine.id = id;
  machine.pool = instance.pool;
  machine.provider = provider;
  machine.owner = instance.owner;
  if (traits_of(provider).gives_names_back && instance.machine != id) machine.noted_as = instance.machine;
  machine.slot = instance.slot;
  machine.state = first_state(instance, has_job, is_named_in(claims.in_use, instance));
  machine.since = machine.requested_at = now;
  if (machine.state == failed) machine.last_error = "found broken, and not in the journal";
  if (instance.address.empty()) return machine;
  machine.listing.is_listed = true;
  machine.listing.first_began_at = Instant{};
  if (machine.state == ready) machine.ready_at = machine.listing.began_at = now;
  return machine;
}

bool has_running_job(const MachineId& machine, const std::vector<JobState>& jobs) {
  return std::ranges::any_of(jobs, [&](const JobState& job) { return job.machine == machine && job.is_running; });
}

// Two installations may make machines with the same id, and a provider may know a machine by that id alone.
bool may_be(const Machine& machine, const Instance& instance, const Claims& claims) {
  return instance.owner.text.empty() || instance.owner == machine.owner || instance.owner == claims.owner;
}

bool has_id_of(const Machine& machine, const Instance& instance, const Inventory& inventory, const Claims& claims) {
  const bool lacks_our_owner = inventory.notes_owners && instance.made_as.text.empty() && instance.owner.text.empty() &&
                               !machine.owner.text.empty();
  return !lacks_our_owner && may_be(machine, instance, claims);
}

// Of the machines that have no instance in the listing. One that is made anew keeps its name, though it had another
// instance before.
std::map<MachineId, const Machine*> by_noted_id(const Fleet& fleet, ProviderKind provider, const Instances& matched) {
  std::map<MachineId, const Machine*> machines;
  for (const Machine& machine : fleet.machines) {
    const bool is_made_anew = is_coming(machine) && !matched.contains(machine.id);
    const bool is_noted = is_identified_by_name(machine) || is_made_anew;
    if (machine.provider == provider && is_noted) machines.emplace(noted_id(machine), &machine);
  }
  return machines;
}

// Finds the machine of each instance, first by the instance id and then by the machine id that the provider has noted:
// it may have noted one machine's id at two instances, or at one that we did not create. All others go to `unknown`.
Instances match(const Fleet& fleet, ProviderKind provider, const Inventory& inventory,
                std::vector<const Instance*>& unknown, const Claims& claims) {
  std::map<InstanceId, const Instance*> left;
  for (const Instance& instance : inventory.instances) left.emplace(instance.id, &instance);
  Instances matched;
  for (const Machine& machine : fleet.machines) {
    const auto instance = machine.provider == provider ? left.find(machine.instance) : left.end();
    if (instance == left.end() || !may_be(machine, *instance->second, claims)) continue;
    matched.emplace(machine.id, instance->second);
    left.erase(instance);
  }
  const std::map<MachineId, const Machine*> ours = by_noted_id(fleet, provider, matched);
  for (const auto& [id, instance] : left) {
    const auto machine = ours.find(instance->machine);
    const bool fits = machine != ours.end() && has_id_of(*machine->second, *instance, inventory, claims) &&
                      matched.emplace(machine->second->id, instance).second;
    if (!fits) unknown.push_back(instance);
  }
  return matched;
}

// The number that our files know, or that its provider has noted; -1: it has none, or it may be that of an earlier
// machine, because names go from machine to machine.
std::int64_t own_number_of(const Instance& instance, ProviderKind provider, const Numbering& numbering) {
  if (is_of(numbering.tag, instance.made_as)) return number_of(instance.made_as);
  if (!is_of(numbering.tag, instance.machine)) return -1;
  const std::int64_t noted = number_of(instance.machine);
  return traits_of(provider).gives_names_back && noted < numbering.used ? -1 : noted;
}

// Its own id, if it has one that is not taken yet.
MachineId id_for(const Instance& instance, ProviderKind provider, const std::set<MachineId>& taken,
                 Numbering& numbering) {
  const std::int64_t number = own_number_of(instance, provider, numbering);
  MachineId own{fmt::format("{}-{}", numbering.tag, number)};
  if (number >= 0 && !taken.contains(own)) return own;
  return MachineId{fmt::format("{}-{}", numbering.tag, numbering.next++)};
}

// The one place that decides whether a machine which the journal does not know is ours. One without an owner is from
// before there were owners, or its provider cannot hold one: it is ours only if that can be shown. That its id is in
// use shows nothing, because another installation may use the same.
bool is_ours(const Instance& instance, const Tag& tag, const Claims& claims) {
  if (is_of(tag, instance.machine) && number_of(instance.machine) >= adopted_numbers_end) return false;
  if (claims.all_are_ordered || claims.ordered.contains(instance.id.text) ||
      claims.ordered.contains(instance.machine.text))
    return true;
  if (instance.owner == claims.owner) return true;
  if (!instance.owner.text.empty()) return false;
  return !instance.made_as.text.empty() || is_at_address_in(claims.listed_by_queue, instance) ||
         is_at_address_in(claims.in_use, instance);
}

// Makes sure that no new id is the noted id of one of these instances.
void skip_numbers_of(const std::vector<const Instance*>& instances, Numbering& numbering) {
  for (const Instance* instance : instances)
    numbering.next = std::max(numbering.next, number_after(*instance, numbering.tag));
}

void leave_out_foreign(Fleet& fleet, ProviderKind provider, std::vector<const Instance*>& unknown, const Tag& tag,
                       const Claims& claims) {
  std::erase_if(unknown, [&](const Instance* instance) {
    if (is_ours(*instance, tag, claims)) return false;
    fleet.foreign.push_back({*instance, provider});
    return true;
  });
}

bool is_forgotten(const Instance& instance, const Forgotten& forgotten) {
  return forgotten.machines.contains(instance.machine) || forgotten.machines.contains(instance.made_as) ||
         forgotten.instances.contains(instance.id);
}

void forget(Fleet& fleet, const Forgotten& forgotten, Instant now) {
  for (Machine& machine : fleet.machines) {
    if (!forgotten.machines.contains(machine.id) || machine.found.under_way) continue;
    give_up(fleet, machine, now, "forgotten, as an operator has ordered");
  }
}

std::map<ProviderKind, Instances> match_and_adopt(Fleet& fleet, const Inventories& inventories,
                                                  const std::vector<JobState>& jobs, Numbering numbering, Instant now,
                                                  const Claims& claims) {
  std::set<MachineId> taken;
  for (const Machine& machine : fleet.machines) taken.insert(machine.id);
  std::map<ProviderKind, Instances> matched;
  for (const auto& [provider, inventory] : inventories) {
    if (!inventory) continue;
    std::vector<const Instance*> unknown;
    Instances& instances = matched[provider] = match(fleet, provider, *inventory, unknown, claims);
    std::erase_if(unknown, [&](const Instance* instance) { return is_forgotten(*instance, claims.forgotten); });
    skip_numbers_of(unknown, numbering);
    leave_out_foreign(fleet, provider, unknown, numbering.tag, claims);
    for (const Instance* instance : unknown) {
      const MachineId id = id_for(*instance, provider, taken, numbering);
      taken.insert(id);
      fleet.machines.push_back(adopt(id, *instance, provider, has_running_job(id, jobs), now, claims));
      fleet.adopted.push_back(id);
      instances.emplace(id, instance);
    }
  }
  return matched;
}

Machine* machine_of(Fleet& fleet, ProviderKind provider, const Instance& instance) {
  const auto found = std::ranges::find_if(fleet.machines, [&](const Machine& machine) {
    return machine.provider == provider && (machine.instance == instance.id || noted_id(machine) == instance.machine);
  });
  return found == fleet.machines.end() ? nullptr : &*found;
}

// A machine that its provider describes badly neither vanishes nor changes, whichever machine it is.
void note_unclear(Fleet& fleet, const Inventories& inventories) {
  for (const auto& [provider, inventory] : inventories) {
    if (!inventory) continue;
    for (const auto& [instance, why] : inventory->unclear) {
      Machine* machine = machine_of(fleet, provider, instance);
      if (machine != nullptr) machine->found.unclear = why;
      const std::string& name = machine != nullptr ? machine->id.text : instance.machine.text;
      fleet.unclear.push_back(fmt::format("{}: {}; it is left alone", name, why));
    }
  }
}

void reconcile_with_providers(Fleet& fleet, const Inventories& inventories,
                              const std::map<ProviderKind, Instances>& matched, Instant now) {
  for (Machine& machine : fleet.machines) {
    const auto instances = matched.find(machine.provider);
    if (instances == matched.end() || machine.found.under_way || !machine.found.unclear.empty()) continue;
    const auto instance = instances->second.find(machine.id);
    if (instance != instances->second.end()) {
      reconcile_present(fleet, machine, *instance->second, now);
    } else if (!inventories.at(machine.provider)->unseen.contains(machine.pool)) {
      reconcile_missing(fleet, machine, now);
    }
  }
}

// As the journal has a machine while it has not recorded that the operation has ended.
bool is_recorded_as_under_way(const Machine& machine, Operation operation) {
  switch (operation) {
    case Operation::create:
    case Operation::start:
      return is_coming(machine);
    case Operation::stop:
      return machine.state == stopping;
    case Operation::destroy:
      return machine.state == destroying;
    case Operation::redeploy:
      break;
  }
  return true;
}

// Whether the operation has surely come to its end. What a creation has made can have ended while it is still at work,
// and makes it anew. Null: its provider does not have the machine.
bool shows_end(const Instance* instance, Operation operation, const Machine& machine) {
  const bool is_gone =
      instance == nullptr || instance->state == InstanceState::vanished || instance->state == InstanceState::ended;
  const bool runs = !is_gone && (instance->state == InstanceState::running ||
                                 (instance->state == InstanceState::unproven && !machine.spec_hash.empty()));
  switch (operation) {
    case Operation::create:
      return runs;
    case Operation::start:
      return runs || is_gone;
    case Operation::stop:
      return is_gone || instance->state == InstanceState::stopped;
    case Operation::destroy:
      return instance == nullptr;
    case Operation::redeploy:
      break;
  }
  return false;
}

// False: its provider has not answered.
bool provider_shows_end(const Machine& machine, Operation operation, const Inventories& inventories,
                        const std::map<ProviderKind, Instances>& matched) {
  const auto instances = matched.find(machine.provider);
  if (instances == matched.end()) return false;
  const auto instance = instances->second.find(machine.id);
  if (instance != instances->second.end()) return shows_end(instance->second, operation, machine);
  return !inventories.at(machine.provider)->unseen.contains(machine.pool) && shows_end(nullptr, operation, machine);
}

// Ids are `OWNER@NAME`.
std::string name_of_host(const std::string& id) { return id.substr(id.find('@') + 1); }

// The jobs of a host that led before, and perhaps still runs them, end by their deadlines.
void leave_to_other_hosts(Fleet& fleet, const Inventories& inventories,
                          const std::map<ProviderKind, Instances>& matched, const std::string& host, Instant now) {
  if (host.empty()) return;
  for (Machine& machine : fleet.machines) {
    const auto& [what, by, ends_by] = machine.begun;
    if (!what || by == host || !ends_by || now >= *ends_by || machine.found.under_way) continue;
    if (!is_recorded_as_under_way(machine, *what) || provider_shows_end(machine, *what, inventories, matched)) continue;
    machine.found.under_way = what;
    machine.found.elsewhere = name_of_host(by);
  }
}

// Machines that were taken over, or are from before there were slots.
void give_slots(Fleet& fleet) {
  std::vector<const Machine*> all;
  all.reserve(fleet.machines.size());
  for (const Machine& machine : fleet.machines) all.push_back(&machine);
  for (Machine& machine : fleet.machines) give_slot(machine, all);
}

void note_names(Fleet& fleet, const Inventories& inventories) {
  for (const auto& [provider, inventory] : inventories) {
    if (!inventory || !traits_of(provider).gives_names_back) continue;
    for (const Instance& instance : inventory->instances) fleet.names.insert(instance.machine);
    for (const UnclearInstance& unclear : inventory->unclear) fleet.names.insert(unclear.instance.machine);
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
    } else {
      std::ranges::move(apply_end(machine, *job->second, now), std::back_inserter(fleet.discoveries));
    }
  }
}

// The journal may not have the latest, if its database failed over to a copy, or was restored: steps may run on them.
void note_machines_in_use(Fleet& fleet, const Claims& claims) {
  for (Machine& machine : fleet.machines) {
    const bool is_used = !machine.address.empty() && claims.used_by_queue.contains(name_at(machine.address));
    if (!is_used || machine.listing.first_began_at) continue;
    machine.listing.is_listed = true;
    machine.listing.first_began_at = Instant{};
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

}  // namespace

std::string described(const Foreign& foreign) {
  const auto& [instance, provider] = foreign;
  const std::string whose = instance.owner.text.empty()
                                ? "no owner is noted, and this queue runner's status does not list its address"
                                : fmt::format("it belongs to the installation {}", instance.owner);
  const std::string advice = number_of(instance.machine) < adopted_numbers_end
                                 ? fmt::format(", unless you order: adopt {}", instance.id)
                                 : "; its number is too high to be adopted";
  return fmt::format("{} ({}, {}) is foreign: {}; it is left alone{}", instance.machine, to_string(provider),
                     instance.id, whose, advice);
}

std::int64_t number_after(const Instance& instance, const Tag& tag) {
  const std::int64_t number = is_of(tag, instance.machine) ? number_of(instance.machine) : -1;
  return number < adopted_numbers_end ? number + 1 : 0;
}

Fleet reconcile(const std::vector<Machine>& remembered, const Inventories& inventories,
                const std::vector<JobState>& jobs, const Numbering& numbering, Instant now, const Claims& claims) {
  Fleet fleet{
      .machines = remembered, .adopted = {}, .changed = {}, .discoveries = {}, .unclear = {}, .ended_early = {}};
  const auto matched = match_and_adopt(fleet, inventories, jobs, numbering, now, claims);
  if (!fleet.adopted.empty())
    std::ranges::sort(fleet.machines, {}, [](const Machine& machine) { return number_of(machine.id); });
  give_slots(fleet);
  note_names(fleet, inventories);
  apply_jobs(fleet, jobs, now);
  note_unclear(fleet, inventories);
  leave_to_other_hosts(fleet, inventories, matched, claims.host, now);
  reconcile_with_providers(fleet, inventories, matched, now);
  note_machines_in_use(fleet, claims);
  forget(fleet, claims.forgotten, now);
  note_changed(fleet, remembered);
  return fleet;
}

}  // namespace hydra_provisioner::observe
