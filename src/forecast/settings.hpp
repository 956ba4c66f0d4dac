// Settings of a pool: which ones to try, which of them no other beats, and how they are written in a configuration.
#pragma once

#include <compare>
#include <cstdint>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "forecast/forecast.hpp"
#include "model/config.hpp"
#include "model/time.hpp"

namespace hydra_provisioner::forecast {

struct Setting {
  Scaling scaling = Scaling::runnables;
  std::int64_t runnables_per_machine = 10;  // by runnables
  Seconds target_wait{300};                 // by work
  bool packing = false;
  std::optional<Seconds> grace{};  // none: the boot time
  std::int64_t max_machines = 1;

  auto operator<=>(const Setting&) const = default;
};

Setting setting_of(const PoolConfig& pool);
PoolConfig with_setting(PoolConfig pool, const Setting& setting);

struct Trial {
  Setting setting;
  PoolForecast forecast;

  double price() const;           // in money if the price is known, otherwise in machine-hours
  double ratio_to_level() const;  // of the machine-time to its lower bound; 1 if that is 0
  double wait() const { return forecast.wait.mean; }
};

// Settings of all kinds, with grace periods around the boot time. The present setting comes first.
std::vector<Setting> coarse_settings(const PoolConfig& pool, Seconds boot);
// Settings between and beside those of the front, without those that were tried.
std::vector<Setting> finer_settings(const std::vector<Trial>& front, const std::set<Setting>& tried);

// The trials that no other beats in both price and wait, the cheapest first. Trials that left steps unbuilt are left
// out.
std::vector<Trial> front_of(std::vector<Trial> trials);

// The cheapest trial of the front that is cheaper than now and lets steps wait no longer; else the quickest that costs
// no more. Null: none is better than now.
const Trial* best_of(const std::vector<Trial>& front, const Trial& now);

// Where the front bends most: with less money steps wait much longer, and with more not much shorter. Null: it has no
// bend, because there are fewer than three trials.
const Trial* knee_of(const std::vector<Trial>& front);

// The setting as attributes of the pool, to be pasted into the configuration.
std::string nix_text(const Setting& setting);

}  // namespace hydra_provisioner::forecast
