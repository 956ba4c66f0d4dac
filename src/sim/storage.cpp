#include "sim/storage.hpp"

#include <algorithm>
#include <utility>

namespace hydra_provisioner::sim {
namespace {

// As the journal would read its row again.
Machine as_kept(Machine machine) {
  machine.found = {};
  return machine;
}

}  // namespace

state::Memory JournalStore::read(Instant now) const {
  state::Memory memory;
  for (const auto& [number, machine] : machines_) memory.machines.push_back(machine);
  memory.pools = pools_;
  memory.creations = creations_;
  for (const state::JournalEvent& event : failures_) {
    if (event.time > now - state::failures_remembered) memory.creations[event.pool].failures.push_back(event.time);
  }
  memory.orders = orders_;
  memory.last_delivery = last_delivery_;
  memory.step_times = step_times_;
  memory.step_samples = step_samples_;
  memory.last_pass = last_pass_;
  for (const auto* known : {&machines_, &gone_}) {
    if (!known->empty()) memory.next_number = std::max(memory.next_number, known->rbegin()->first + 1);
  }
  return memory;
}

void JournalStore::write(state::Changes changes) {
  for (Machine& machine : changes.machines) {
    const std::int64_t number = number_of(machine.id);
    const bool is_gone = machine.state == MachineState::gone;
    (is_gone ? machines_ : gone_).erase(number);
    (is_gone ? gone_ : machines_).insert_or_assign(number, as_kept(std::move(machine)));
  }
  for (state::RecordedPool& pool : changes.pools) {
    const auto known = std::ranges::find_if(pools_, [&](const state::RecordedPool& other) {
      return other.name == pool.name && other.provider == pool.provider;
    });
    (known == pools_.end() ? pools_.emplace_back() : *known) = std::move(pool);
  }
  for (auto& [pool, record] : changes.creations) {
    record.failures.clear();
    creations_[pool] = std::move(record);
  }
  std::ranges::copy_if(changes.events, std::back_inserter(failures_),
                       [](const state::JournalEvent& event) { return event.kind == "failed"; });
  for (const auto& [key, order] : changes.orders) {
    if (order) orders_[key] = *order;
    if (!order) orders_.erase(key);
  }
  if (changes.last_delivery) last_delivery_ = std::move(changes.last_delivery);
  for (const auto& [pool, time] : changes.step_times) step_times_[pool] = time;
  for (auto& [pool, samples] : changes.step_samples) step_samples_[pool] = std::move(samples);
  if (changes.pass) last_pass_ = changes.pass->start;
}

const Machine* JournalStore::find(const MachineId& machine) const {
  for (const auto* known : {&machines_, &gone_}) {
    if (const auto found = known->find(number_of(machine)); found != known->end()) return &found->second;
  }
  return nullptr;
}

std::set<MachineId> JournalStore::other_than(const JournalStore& other) const {
  std::set<MachineId> machines;
  for (const auto* known : {&machines_, &gone_}) {
    for (const auto& [number, machine] : *known) {
      const Machine* there = other.find(machine.id);
      if (there == nullptr || *there != machine) machines.insert(machine.id);
    }
  }
  return machines;
}

}  // namespace hydra_provisioner::sim
