#include "forecast/measured_boots.hpp"

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <numeric>

#include "model/machine.hpp"

namespace hydra_provisioner::forecast {
namespace {

constexpr std::size_t boots_max = 1000;

}  // namespace

BootTimes boots_in(const std::vector<state::JournalEvent>& events) {
  BootTimes boots;
  std::map<MachineId, Instant> requested;
  for (const state::JournalEvent& event : events) {
    if (event.kind == "requested") requested.emplace(event.machine, event.time);
    const auto request = requested.find(event.machine);
    if (event.kind != "ready" || request == requested.end()) continue;
    if (event.time > request->second) boots[event.pool].emplace_back(event.time - request->second);
    requested.erase(request);
  }
  for (auto& [pool, times] : boots) {
    if (times.size() > boots_max) times.erase(times.begin(), times.end() - boots_max);
  }
  return boots;
}

Seconds mean_boot(const BootTimes& boots, const PoolName& pool) {
  const auto known = boots.find(pool);
  if (known == boots.end()) return usual_boot_time;
  const Millis sum = std::accumulate(known->second.begin(), known->second.end(), Millis{0});
  return std::max(std::chrono::ceil<Seconds>(sum / std::ssize(known->second)), Seconds{1});
}

}  // namespace hydra_provisioner::forecast
