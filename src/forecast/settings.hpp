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
  std::int64_t spare_slots = 0;
  bool spares_by_arrivals = false;
  bool packing = false;
  Seconds grace{0};
  std::int64_t max_machines = 1;

  auto operator<=>(const Setting&) const = default;
};

Setting setting_of(const PoolConfig& pool);
// With a maximum that leaves room for the machines that the pool and its schedules always keep, unless its present one
// does not either.
PoolConfig with_setting(PoolConfig pool, const Setting& setting);

struct Trial {
  Setting setting;
  PoolForecast forecast;

  double price() const;           // in money if the price is known, otherwise in machine-hours
  double ratio_to_level() const;  // of the machine-time to its lower bound; 1 if that is 0
  double wait() const { return forecast.wait.mean; }
};

// Settings of all kinds, for machines that boot and steps that take so long on average. The present setting comes
// first.
std::vector<Setting> coarse_settings(const PoolConfig& pool, Seconds boot, Seconds step);
// Settings of the pool beside those of the front that matter most, and between those of the front; without those that
// were tried, and `most` at most.
std::vector<Setting> finer_settings(const PoolConfig& pool, const std::vector<Trial>& front, const Trial& now,
                                    const std::set<Setting>& tried, std::size_t most);

// Lower prices and shorter waits that other random numbers would not give as well.
bool is_cheaper(const Trial& one, const Trial& other);
bool is_quicker(const Trial& one, const Trial& other);

// Cheaper, and steps wait no longer; or quicker, and costs no more.
bool is_better(const Trial& trial, const Trial& now);
// Dearer or slower, or it leaves more steps unbuilt.
bool is_worse(const Trial& trial, const Trial& now);

// The trials that no other beats in both price and wait, the cheapest first. Trials that left steps unbuilt are left
// out.
std::vector<Trial> front_of(std::vector<Trial> trials);

// The cheapest trial of the front that is cheaper than now and lets steps wait no longer; else the quickest that costs
// no more. Null: none is better than now.
const Trial* best_of(const std::vector<Trial>& front, const Trial& now);

// Where the front bends most: with less money steps wait much longer, and with more not much shorter. Null: it has no
// bend, because there are fewer than three trials.
const Trial* knee_of(const std::vector<Trial>& front);

// The best, the knee and both ends of a front that is not empty.
std::vector<const Trial*> landmarks_of(const std::vector<Trial>& front, const Trial& now);

// The setting as attributes of the pool, to be pasted into the configuration over those that are there.
std::string nix_text(const Setting& setting);

}  // namespace hydra_provisioner::forecast
