#include "sim/cloud.hpp"

#include <algorithm>

namespace hydra_provisioner::sim {

SimInstance& Cloud::make(const MachineId& machine, const PoolName& pool, ProviderKind provider) {
  const auto number = static_cast<std::int64_t>(instances_.size()) + 1;
  SimInstance& instance = instances_[number];
  instance.id = InstanceId{fmt::format("i-{}", number)};
  instance.machine = machine;
  instance.pool = pool;
  instance.provider = provider;
  instance.made_at = timeline_.now();
  chronicle_.add("cloud: {} is made for {}", instance.id, machine);
  return instance;
}

void Cloud::finish(SimInstance& instance) {
  if (instance.power != Power::on) {
    // One with upkeep moves when it is started, and has booted when its deployment ends.
    if (instance.address.empty() || needs_upkeep(instance.provider)) instance.address = new_address();
    const Millis boot{needs_upkeep(instance.provider) ? 0 : random_.between(15'000, 90'000)};
    instance.boots_until = timeline_.now() + boot;
    if (trouble_.machines_that_never_boot > 0) {
      --trouble_.machines_that_never_boot;
      instance.boots_until.reset();
    }
  }
  instance.power = Power::on;
  instance.is_known_to_be_deaf = false;
  instance.spec_hash = specification(instance.pool);
  chronicle_.add("cloud: {} of {} is on at {}", instance.id, instance.machine, instance.address);
}

void Cloud::turn_off(SimInstance& instance, Power power) {
  instance.power = power;
  chronicle_.add("cloud: {} of {} is off", instance.id, instance.machine);
  on_loss(instance.address);
}

void Cloud::remove(SimInstance& instance) {
  if (instance.exists()) instance.gone_at = timeline_.now();
  instance.is_noted = false;
  chronicle_.add("cloud: {} of {} is removed", instance.id, instance.machine);
  on_loss(instance.address);
}

void Cloud::take_away(SimInstance& instance) {
  instance.gone_at = timeline_.now();
  instance.is_noted = needs_upkeep(instance.provider);
  chronicle_.add("cloud: {} of {} is taken away", instance.id, instance.machine);
  on_loss(instance.address);
}

void Cloud::make_deaf(SimInstance& instance, Seconds duration) {
  instance.deaf_until = timeline_.now() + duration;
  chronicle_.add("cloud: {} of {} does not answer for {} s", instance.id, instance.machine, duration.count());
  on_loss(instance.address);
}

SimInstance* Cloud::find(const MachineId& machine, ProviderKind provider) {
  for (auto& [number, instance] : instances_) {
    if (instance.is_noted && instance.machine == machine && instance.provider == provider) return &instance;
  }
  return nullptr;
}

SimInstance* Cloud::at(const std::string& address) {
  for (auto& [number, instance] : instances_) {
    if (instance.exists() && instance.power == Power::on && instance.address == address) return &instance;
  }
  return nullptr;
}

bool Cloud::answers(SimInstance& instance) {
  const bool does = instance.exists() && instance.power == Power::on && instance.boots_until &&
                    *instance.boots_until <= timeline_.now() && instance.deaf_until <= timeline_.now();
  if (does) answered_.insert(instance.address);
  return does;
}

std::vector<SimInstance*> Cloud::existing() {
  std::vector<SimInstance*> found;
  for (auto& [number, instance] : instances_) {
    if (instance.exists()) found.push_back(&instance);
  }
  return found;
}

std::vector<SimInstance*> Cloud::noted(ProviderKind provider) {
  std::vector<SimInstance*> found;
  for (auto& [number, instance] : instances_) {
    if (instance.is_noted && instance.provider == provider) found.push_back(&instance);
  }
  return found;
}

std::int64_t Cloud::count_of(const PoolName& pool) {
  return std::ranges::count_if(instances_,
                               [&](const auto& entry) { return entry.second.exists() && entry.second.pool == pool; });
}

std::vector<Instance> Cloud::listing(ProviderKind provider, Time as_of) {
  std::vector<Instance> shown;
  for (const auto& [number, instance] : instances_) {
    const bool was_there = instance.made_at <= as_of && (instance.is_noted || instance.gone_at > as_of);
    if (instance.provider == provider && was_there) shown.push_back(described(instance));
  }
  return shown;
}

Instance Cloud::described(const SimInstance& instance) const {
  Instance shown{.id = instance.id,
                 .machine = instance.machine,
                 .pool = instance.pool,
                 .state = InstanceState::incomplete,
                 .address = instance.address,
                 .host_key = "ssh-ed25519 AAAA",
                 .launched_at = in_seconds(instance.made_at)};
  // Whether one with upkeep was deployed with success is for its jobs to say.
  if (!needs_upkeep(instance.provider)) shown.spec_hash = instance.spec_hash;
  if (instance.power == Power::off) shown.state = InstanceState::stopped;
  if (instance.power == Power::on)
    shown.state = needs_upkeep(instance.provider) ? InstanceState::unproven : InstanceState::running;
  if (instance.is_known_to_be_deaf) shown.state = InstanceState::unreachable;
  if (instance.is_known_to_be_gone) shown.state = InstanceState::vanished;
  return shown;
}

std::string Cloud::specification(const PoolName& pool) const { return fmt::format("{} v{}", pool, version_); }

}  // namespace hydra_provisioner::sim
