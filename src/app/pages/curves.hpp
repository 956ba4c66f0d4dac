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

// Of one pool, or of all together. The query says how far back.
html::Markup plots(const state::Archive& journal, Instant now, const std::optional<PoolName>& pool,
                   const Config& config, const std::map<std::string, std::string>& query);

}  // namespace hydra_provisioner::app::pages
