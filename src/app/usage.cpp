#include "app/usage.hpp"

#include <map>
#include <utility>

#include "decide/idleness.hpp"

namespace hydra_provisioner {
namespace {

Seconds& column_of(Usage& usage, const Machine& machine, const Queue& queue) {
  switch (machine.state) {
    case MachineState::requested:
    case MachineState::creating:
      return usage.boot;
    case MachineState::ready:
      return !queue || idleness(machine, *queue).is_busy() ? usage.busy : usage.idle;
    case MachineState::stopped:
      return usage.stopped;
    default:
      return usage.drain;
  }
}

std::optional<Micros> price_of(const PoolName& name, const Snapshot& seen, const Config& config) {
  if (const auto pool = config.pools.find(name); pool != config.pools.end()) return pool->second.price_per_hour;
  for (const PoolConfig& pool : seen.retired) {
    if (pool.name == name) return pool.price_per_hour;
  }
  return std::nullopt;
}

}  // namespace

std::vector<Usage> usage_of(const Snapshot& seen, const Config& config, Seconds span) {
  std::map<PoolName, Usage> pools;
  for (const Machine& machine : seen.machines) column_of(pools[machine.pool], machine, seen.queue) += span;
  std::vector<Usage> all;
  for (auto& [name, usage] : pools) {
    usage.pool = name;
    usage.price_per_hour = price_of(name, seen, config);
    all.push_back(std::move(usage));
  }
  return all;
}

}  // namespace hydra_provisioner
