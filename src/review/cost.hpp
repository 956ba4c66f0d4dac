// Machine-hours and money.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include <nlohmann/json_fwd.hpp>

#include "state/archive.hpp"

namespace hydra_provisioner::review {

struct PoolCost {
  state::Usage hours;           // its price is that of no particular hour, so there is none
  std::optional<Micros> money;  // none: no price was known
  Seconds unpriced{};           // of which no price was known
};

// Each hour at the price that it had.
std::map<PoolName, PoolCost> costs_of(const std::vector<state::UsageAt>& usage);

std::string money_text(Micros money);  // "1.36", "0.000017": as many decimals as it has, two at least

nlohmann::json cost_document(const std::map<PoolName, PoolCost>& costs, Seconds unknown, Instant since);
std::string cost_text(const std::map<PoolName, PoolCost>& costs, Seconds unknown, Instant since);

}  // namespace hydra_provisioner::review
