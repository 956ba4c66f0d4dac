// Plots of the last hours and weeks, from the journal.
#pragma once

#include <map>
#include <optional>
#include <string>

#include "html/markup.hpp"
#include "model/config.hpp"
#include "model/names.hpp"
#include "model/time.hpp"
#include "state/archive.hpp"

namespace hydra_provisioner::app::pages {

// How far back the query of a request asks for plots: `3h`, `24h`, `7d` or `30d`.
std::string range_of(const std::map<std::string, std::string>& query);

// Of one pool, or of all together.
html::Markup plots(const state::Archive& journal, Instant now, const std::optional<PoolName>& pool,
                   const Config& config, const std::string& range);

}  // namespace hydra_provisioner::app::pages
