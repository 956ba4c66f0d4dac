// Simulated settings of a pool, with made-up results.
#pragma once

#include <cstdint>

#include "forecast/settings.hpp"

namespace hydra_provisioner::support {

inline forecast::Trial trial_of(const forecast::Setting& setting, int hours, double wait, std::int64_t unfinished = 0) {
  forecast::Trial result{.setting = setting, .forecast = {}};
  result.forecast.hours[0] = std::chrono::hours{hours};
  result.forecast.wait.mean = wait;
  result.forecast.wait.p95 = 2 * wait;
  result.forecast.unfinished = unfinished;
  return result;
}

inline forecast::Trial trial(std::int64_t runnables, int hours, double wait, std::int64_t unfinished = 0) {
  return trial_of({.runnables_per_machine = runnables}, hours, wait, unfinished);
}

}  // namespace hydra_provisioner::support
