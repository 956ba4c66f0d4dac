#include "observe/places.hpp"

#include <cstdint>

#include <fmt/format.h>

namespace hydra_provisioner::observe {
namespace {

std::int64_t lowest_not_in(const std::set<std::int64_t>& taken) {
  std::int64_t lowest = 0;
  while (taken.contains(lowest)) ++lowest;
  return lowest;
}

bool is_beside(const Machine& machine, const Machine& other) {
  return other.id != machine.id && other.provider == machine.provider && other.state != MachineState::gone;
}

}  // namespace

void give_slot(Machine& machine, const std::vector<const Machine*>& others) {
  if (!traits_of(machine.provider).gives_names_back || machine.slot) return;
  std::set<std::int64_t> taken;
  for (const Machine* other : others) {
    if (is_beside(machine, *other) && other->pool == machine.pool && other->slot) taken.insert(*other->slot);
  }
  machine.slot = lowest_not_in(taken);
}

void give_place(Machine& machine, const std::vector<const Machine*>& others, const std::set<MachineId>& taken) {
  if (!traits_of(machine.provider).gives_names_back) return;
  give_slot(machine, others);
  std::set<std::int64_t> numbers;
  for (const MachineId& name : taken) numbers.insert(number_of(name));
  for (const Machine* other : others) {
    if (is_beside(machine, *other)) numbers.insert(number_of(noted_id(*other)));
  }
  const std::string tag = machine.id.text.substr(0, machine.id.text.rfind('-'));
  machine.noted_as = MachineId{fmt::format("{}-{}", tag, lowest_not_in(numbers))};
  if (machine.noted_as == machine.id) machine.noted_as = {};
}

}  // namespace hydra_provisioner::observe
