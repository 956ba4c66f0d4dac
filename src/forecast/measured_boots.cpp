#include "forecast/measured_boots.hpp"

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <numeric>
#include <set>

#include "model/machine.hpp"

namespace hydra_provisioner::forecast {
namespace {

constexpr std::size_t boots_max = 1000;

template <class Predicate>
BootTimes times_until_ready(const std::vector<state::JournalEvent>& events, Predicate begins) {
  BootTimes times;
  std::map<MachineId, Instant> begun;
  for (const state::JournalEvent& event : events) {
    if (begins(event)) begun.emplace(event.machine, event.time);
    const auto beginning = begun.find(event.machine);
    if (event.kind != "ready" || beginning == begun.end()) continue;
    if (event.time > beginning->second) times[event.pool].emplace_back(event.time - beginning->second);
    begun.erase(beginning);
  }
  for (auto& [pool, all] : times) {
    if (all.size() > boots_max) all.erase(all.begin(), all.end() - boots_max);
  }
  return times;
}

}  // namespace

BootTimes boots_in(const std::vector<state::JournalEvent>& events) {
  return times_until_ready(events, [](const state::JournalEvent& event) { return event.kind == "requested"; });
}

BootTimes starts_in(const std::vector<state::JournalEvent>& events) {
  std::set<MachineId> stopped;
  return times_until_ready(events, [&](const state::JournalEvent& event) {
    const bool was_stopped = stopped.erase(event.machine) > 0;
    if (event.kind == "stopped") stopped.insert(event.machine);
    return was_stopped && event.kind == "creating";
  });
}

std::vector<Millis> expected_starts(std::vector<Millis> boots) {
  for (Millis& boot : boots) boot = std::min<Millis>(boot, usual_start_time);
  return boots;
}

Seconds mean_boot(const BootTimes& boots, const PoolName& pool) {
  const auto known = boots.find(pool);
  if (known == boots.end()) return usual_boot_time;
  const Millis sum = std::accumulate(known->second.begin(), known->second.end(), Millis{0});
  return std::max(std::chrono::ceil<Seconds>(sum / std::ssize(known->second)), Seconds{1});
}

}  // namespace hydra_provisioner::forecast
