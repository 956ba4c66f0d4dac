#include "tests/simulation/setup.hpp"

#include <algorithm>
#include <stdexcept>

#include <fmt/ranges.h>
#include <nlohmann/json.hpp>

#include "config/load.hpp"

namespace hydra_provisioner::simulation {
namespace {

nlohmann::json settings_of(const PoolSetup& pool) {
  nlohmann::json settings{{"minMachines", std::min(pool.min_machines, pool.max_machines)},
                          {"maxMachines", pool.max_machines},
                          {"runnablesPerMachine", pool.runnables_per_machine},
                          {"maxJobs", pool.max_jobs},
                          {"stopOnIdle", pool.stop_on_idle},
                          {"gracePeriod", pool.grace_period_seconds},
                          {"billingPeriod", pool.billing_period_seconds},
                          {"bootTimeout", 900}};
  if (pool.counts_work) settings["scaling"] = "work";
  if (pool.spill) settings["spill"] = true;
  if (!pool.supported.empty()) {
    settings["supportedFeatures"] = pool.supported;
    settings["mandatoryFeatures"] = nlohmann::json::array();
  }
  if (pool.is_nixops) {
    settings["nixopsExpr"] = "/simulated/deployment.nix";
  } else {
    settings["local"] = nlohmann::json::object();
    settings["sshKey"] = "/simulated/key";
  }
  return settings;
}

}  // namespace

Config configuration_of(const std::vector<PoolSetup>& pools, std::int64_t interval_seconds, std::int64_t max_parallel) {
  nlohmann::json conf{{"tag", "sim"},
                      {"interval", interval_seconds},
                      {"maxParallel", max_parallel},
                      {"systemTypes", nlohmann::json::object()}};
  for (const PoolSetup& pool : pools) {
    if (pool.is_configured) conf["systemTypes"][pool.name] = settings_of(pool);
  }
  auto config = config::read_config("simulated.nix", conf, {.allow_empty = true});
  if (!config) throw std::logic_error(fmt::format("{}", fmt::join(config.error(), "\n")));
  return *std::move(config);
}

}  // namespace hydra_provisioner::simulation
