#include "sim/cloud.hpp"

#include <algorithm>

namespace hydra_provisioner::sim {
namespace {

constexpr Seconds stale_listings_show{60};  // machines that went within this time
constexpr Millis ends_early_after{4'000};

}  // namespace

SimInstance& Cloud::make(const MachineId& machine, const PoolName& pool, ProviderKind provider, const Owner& owner,
                         const MachineId& noted_as) {
  forget_old_instances();
  SimInstance& instance = add(machine, pool, provider, owner);
  instance.noted_as = noted_as;
  by_machine_.insert_or_assign({provider, machine}, made_);
  chronicle_.add("cloud: {} is made for {}", instance.id, machine);
  observer_.instance_was_made(instance);
  if (faults_.machines_that_end_early > 0) {
    --faults_.machines_that_end_early;
    end_soon(instance);
  }
  if (faults_.black_holes > 0) {
    --faults_.black_holes;
    instance.fails_steps_until = timeline_.now() + faults_.black_holes_last;
    chronicle_.add("cloud: {} of {} will fail all steps for {} s", instance.id, machine,
                   faults_.black_holes_last.count());
  }
  return instance;
}

SimInstance& Cloud::add(const MachineId& machine, const PoolName& pool, ProviderKind provider, const Owner& owner) {
  SimInstance& instance = instances_[++made_];
  instance.number = made_;
  instance.id = InstanceId{fmt::format("i-{}", made_)};
  instance.machine = machine;
  instance.pool = pool;
  instance.provider = provider;
  instance.made_at = timeline_.now();
  instance.owner = owner;
  return instance;
}

void Cloud::make_foreign(const MachineId& machine, const PoolName& pool, ProviderKind provider, const Owner& owner) {
  SimInstance& instance = add(machine, pool, provider, owner);
  instance.is_foreign = true;
  instance.power = Power::on;
  instance.boots_until = timeline_.now();
  instance.spec_hash = specification(pool);
  move_to_new_address(instance);
  chronicle_.add("cloud: {} is made for {} of another installation", instance.id, machine);
}

// The provider keeps a record of it, which says so.
void Cloud::end_soon(SimInstance& instance) {
  timeline_.after(ends_early_after, [this, number = instance.number] {
    const auto found = instances_.find(number);
    if (found == instances_.end() || !found->second.exists() || answers(found->second)) return;
    chronicle_.add("cloud: {} of {} ends early", found->second.id, found->second.machine);
    found->second.has_ended_early = true;
    end(found->second, true, true);
  });
}

void Cloud::forget_old_instances() {
  std::erase_if(instances_, [&](const auto& entry) {
    const SimInstance& instance = entry.second;
    return instance.gone_at && !instance.is_on_record && timeline_.now() - *instance.gone_at > stale_listings_show;
  });
}

void Cloud::move_to_new_address(SimInstance& instance) {
  by_address_.erase(instance.address);
  instance.address = fmt::format("m{}.farm.example", ++addresses_);
  by_address_.emplace(instance.address, instance.number);
}

void Cloud::finish(SimInstance& instance) {
  const bool begins_to_run = instance.power != Power::on;
  if (begins_to_run) boot(instance);
  instance.power = Power::on;
  instance.is_known_to_be_unresponsive = false;
  instance.spec_hash = specification(instance.pool);
  chronicle_.add("cloud: {} of {} is on at {}", instance.id, instance.machine, instance.address);
  if (begins_to_run) observer_.instance_changed_power(instance);
}

void Cloud::boot(SimInstance& instance) {
  // A machine with upkeep gets a new address at each start, and has booted when its deployment ends.
  if (instance.address.empty() || needs_upkeep(instance.provider)) move_to_new_address(instance);
  ++instance.starts;
  const Millis boot = needs_upkeep(instance.provider)
                          ? Millis{0}
                          : pace_.boot_of(instance.pool, instance.starts > 1, pace_.boot, random_);
  instance.boots_until = timeline_.now() + boot;
  if (faults_.machines_that_never_boot > 0) {
    --faults_.machines_that_never_boot;
    instance.boots_until.reset();
    return;
  }
  instance.has_builder = true;
  instance.gate_is_open = false;
  timeline_.after(boot, [this, id = instance.id, address = instance.address] {
    chronicle_.add("cloud: {} has booted", id);
    on_boot(address);
  });
  if (pace_.interruptions_per_hour <= 0) return;
  timeline_.after(pace_.draw_life(random_), [this, number = instance.number, start = instance.starts] {
    const auto found = instances_.find(number);
    if (found == instances_.end() || !found->second.exists()) return;
    if (found->second.power == Power::on && found->second.starts == start) take_away(found->second);
  });
}

// The gate is a file of a file system in memory, and closed anew at each boot (nix/build-machine.nix).
void Cloud::reboot(SimInstance& instance) {
  chronicle_.add("cloud: {} of {} reboots", instance.id, instance.machine);
  boot(instance);
  on_loss(instance.address);
}

void Cloud::turn_off(SimInstance& instance, Power power) {
  instance.power = power;
  chronicle_.add("cloud: {} of {} is off", instance.id, instance.machine);
  observer_.instance_changed_power(instance);
  on_loss(instance.address);
}

void Cloud::remove(SimInstance& instance) {
  chronicle_.add("cloud: {} of {} is removed", instance.id, instance.machine);
  end(instance, false, false);
}

void Cloud::take_away(SimInstance& instance) {
  chronicle_.add("cloud: {} of {} is taken away", instance.id, instance.machine);
  end(instance, needs_upkeep(instance.provider), true);
}

void Cloud::end(SimInstance& instance, bool is_on_record, bool was_taken_away) {
  if (instance.exists()) {
    instance.gone_at = timeline_.now();
    observer_.instance_ended(instance, was_taken_away);
  }
  instance.is_on_record = is_on_record;
  if (!is_on_record) by_address_.erase(instance.address);
  const auto named = by_machine_.find({instance.provider, instance.machine});
  if (!is_on_record && named != by_machine_.end() && named->second == instance.number) by_machine_.erase(named);
  on_loss(instance.address);
}

void Cloud::make_unresponsive(SimInstance& instance, Seconds duration) {
  instance.unresponsive_until = timeline_.now() + duration;
  chronicle_.add("cloud: {} of {} does not answer for {} s", instance.id, instance.machine, duration.count());
  on_loss(instance.address);
}

void Cloud::set_gate(SimInstance& instance, bool is_open) {
  instance.gate_is_open = is_open;
  chronicle_.add("cloud: the gate of {} of {} is {}", instance.id, instance.machine, is_open ? "open" : "closed");
  observer_.gate_was_set(instance);
}

SimInstance* Cloud::find(const MachineId& machine, ProviderKind provider) {
  const auto found = by_machine_.find({provider, machine});
  return found == by_machine_.end() ? nullptr : &instances_.at(found->second);
}

const SimInstance* Cloud::find(const InstanceId& id) const {
  const auto found = std::ranges::find_if(instances_, [&](const auto& entry) { return entry.second.id == id; });
  return found == instances_.end() ? nullptr : &found->second;
}

bool Cloud::is_foreign(const MachineId& machine) const {
  return std::ranges::any_of(
      instances_, [&](const auto& entry) { return entry.second.is_foreign && entry.second.machine == machine; });
}

SimInstance* Cloud::at(const std::string& address) {
  const auto found = by_address_.find(address);
  if (found == by_address_.end()) return nullptr;
  SimInstance& instance = instances_.at(found->second);
  return instance.exists() && instance.power == Power::on ? &instance : nullptr;
}

bool Cloud::is_up(const SimInstance& instance) const {
  const bool is_on = instance.exists() && instance.power == Power::on;
  return is_on && instance.boots_until && *instance.boots_until <= timeline_.now();
}

bool Cloud::answers(SimInstance& instance) {
  const bool does = is_up(instance) && instance.unresponsive_until <= timeline_.now();
  if (does) answered_.insert(instance.address);
  return does;
}

std::vector<SimInstance*> Cloud::existing() {
  std::vector<SimInstance*> found;
  for (auto& [number, instance] : instances_) {
    if (instance.exists() && !instance.is_foreign) found.push_back(&instance);
  }
  return found;
}

std::vector<SimInstance*> Cloud::on_record(ProviderKind provider) {
  std::vector<SimInstance*> found;
  for (auto& [number, instance] : instances_) {
    if (instance.is_on_record && instance.provider == provider) found.push_back(&instance);
  }
  return found;
}

std::int64_t Cloud::count_of(const PoolName& pool) {
  return std::ranges::count_if(existing(), [&](const SimInstance* instance) { return instance->pool == pool; });
}

std::vector<Instance> Cloud::listing(ProviderKind provider, Time as_of) {
  std::vector<Instance> shown;
  for (const auto& [number, instance] : instances_) {
    const bool was_there = instance.made_at <= as_of && (instance.is_on_record || instance.gone_at > as_of);
    if (instance.provider == provider && was_there) shown.push_back(described(instance));
  }
  return shown;
}

Instance Cloud::described(const SimInstance& instance) {
  Instance shown{.id = instance.id,
                 .machine = instance.noted_as.text.empty() ? instance.machine : instance.noted_as,
                 .pool = instance.pool,
                 .state = InstanceState::incomplete,
                 .address = instance.address,
                 .host_key = "ssh-ed25519 AAAA",
                 .launched_at = in_seconds(instance.made_at),
                 .owner = instance.owner};
  if (needs_upkeep(instance.provider) && !instance.is_foreign) shown.made_as = instance.machine;  // as its log says
  // Only the jobs of a machine with upkeep know whether its deployment succeeded.
  if (!needs_upkeep(instance.provider)) shown.spec_hash = instance.spec_hash;
  if (instance.power == Power::off) shown.state = InstanceState::stopped;
  if (instance.power == Power::on)
    shown.state = needs_upkeep(instance.provider) ? InstanceState::unproven : InstanceState::running;
  if (instance.is_known_to_be_unresponsive) shown.state = InstanceState::unreachable;
  if (instance.is_known_to_be_gone) shown.state = InstanceState::vanished;
  if (instance.has_ended_early) shown.state = InstanceState::ended;
  return shown;
}

std::string Cloud::specification(const PoolName& pool) const { return fmt::format("{} v{}", pool, version_); }

}  // namespace hydra_provisioner::sim
