#include "forecast/measured_boots.hpp"

#include <cstddef>

namespace hydra_provisioner::forecast {
namespace {

constexpr std::size_t boots_max = 1000;

}  // namespace

std::map<PoolName, std::vector<Millis>> boots_in(const std::vector<state::JournalEvent>& events) {
  std::map<PoolName, std::vector<Millis>> boots;
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

}  // namespace hydra_provisioner::forecast
