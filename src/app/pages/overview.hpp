// The first page: how the farm is, what waits, which machines there are, and what has happened.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "app/health.hpp"
#include "app/inputs/preview.hpp"
#include "app/status/machine_rows.hpp"
#include "html/markup.hpp"
#include "model/config.hpp"
#include "model/error.hpp"
#include "state/archive.hpp"

namespace hydra_provisioner::app::pages {

struct Overview {
  const Preview& seen;
  const Health& health;
  const std::vector<MachineRow>& machines;  // one for each, by pool
  const Config& config;
  const Expected<state::Archive>& journal;
  html::Markup plots;                               // empty without a journal
  const std::map<std::string, std::string>& query;  // of the request
};

html::Markup overview(const Overview& farm);

}  // namespace hydra_provisioner::app::pages
