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
  state::Usage hours;           // without a price, because prices change
  std::optional<Micros> money;  // none: no price was known
  Seconds unpriced{};           // time for which no price was known
};

// Each hour costs the price that it had.
std::map<PoolName, PoolCost> costs_of(const std::vector<state::UsageAt>& usage);

// That the configuration of the pass named; empty: none.
std::string currency_of(const state::Archive& archive, const state::ArchivedPass& pass);

nlohmann::json cost_document(const std::map<PoolName, PoolCost>& costs, Seconds unknown, Instant since,
                             const std::string& currency);
std::string cost_text(const std::map<PoolName, PoolCost>& costs, Seconds unknown, Instant since,
                      const std::string& currency);

}  // namespace hydra_provisioner::review
