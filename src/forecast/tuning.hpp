// The search for better settings of one pool: which to try, which of them no other beats, and how they are written.
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

  double price() const;  // in money where its price is known, else in machine-hours
  double wait() const { return forecast.wait.mean; }
};

// A first look at everything, around a boot time; the present setting comes first.
std::vector<Setting> coarse_settings(const PoolConfig& pool, Seconds boot);
// Between and beside those of the front; none that was tried.
std::vector<Setting> finer_settings(const std::vector<Trial>& front, const std::set<Setting>& tried);

// Those that no other is both as cheap and as quick as, the cheapest first. One that leaves steps unbuilt counts for
// nothing.
std::vector<Trial> front_of(std::vector<Trial> trials);

// The cheapest of the front in which steps wait no longer than now; null: there is none.
const Trial* best_of(const std::vector<Trial>& front, const Trial& now);

// The attributes that make the setting, to be pasted into the pool's.
std::string nix_text(const Setting& setting);

}  // namespace hydra_provisioner::forecast
