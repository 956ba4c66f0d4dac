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

// Of some seeds, as far as there is room.
void add_idle_machines(nlohmann::json& settings, std::uint64_t seed) {
  const auto max = settings["maxMachines"].get<std::int64_t>();
  const std::int64_t spare = seed % 7 == 2 ? std::min<std::int64_t>(max, 1) : 0;
  const std::int64_t room = max - std::max(spare, settings["minMachines"].get<std::int64_t>());
  const std::int64_t standby = seed % 5 == 1 ? 1 + static_cast<std::int64_t>(seed % 3) : 0;
  settings["spareMachines"] = spare;
  settings["standbyMachines"] = std::min(room, standby);
}

}  // namespace

Config configuration_of(const Scenario& scenario, const std::vector<PoolSetup>& pools) {
  nlohmann::json conf{{"tag", "sim"},
                      {"interval", scenario.interval_seconds},
                      {"maxParallel", scenario.max_parallel},
                      {"systemTypes", nlohmann::json::object()}};
  if (scenario.machines_join) conf["queue"]["type"] = "hydra-rust";
  if (scenario.can_wake) conf["queue"]["database"] = "dbname=simulated";
  for (const PoolSetup& pool : pools) {
    if (!pool.is_configured) continue;
    conf["systemTypes"][pool.name] = settings_of(pool);
    add_idle_machines(conf["systemTypes"][pool.name], scenario.seed);
    if (scenario.machines_join) conf["systemTypes"][pool.name]["local"]["builder"] = {"/simulated/builder"};
  }
  auto config = config::read_config("simulated.nix", conf, {.allow_empty = true});
  if (!config) throw std::logic_error(fmt::format("{}", fmt::join(config.error(), "\n")));
  return *std::move(config);
}

std::map<PoolName, publish::MachineLine> joining(const Scenario& scenario) {
  std::map<PoolName, publish::MachineLine> lines;
  if (!scenario.machines_join) return lines;
  std::vector<PoolSetup> pools = scenario.pools;
  for (PoolSetup& pool : pools) pool.is_configured = true;
  for (const auto& [name, pool] : configuration_of(scenario, pools).pools) {
    lines[name] = {.systems = pool.type.systems,
                   .ssh_key = {},
                   .max_jobs = pool.max_jobs,
                   .supported = pool.type.supported_features,
                   .mandatory = pool.type.mandatory_features};
  }
  return lines;
}

}  // namespace hydra_provisioner::simulation
