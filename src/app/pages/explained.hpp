// The pages of a machine, of a type and of a pass, from the journal: what `explain` and `replay` show.
#pragma once

#include <map>
#include <string>

#include "app/monitor/listener.hpp"
#include "model/config.hpp"
#include "model/time.hpp"
#include "state/archive.hpp"

namespace hydra_provisioner::app::pages {

// For pages that are kept up to date, with plots.
struct Present {
  Instant now;
  const Config& config;
  const std::map<std::string, std::string>& query;  // of the request
  std::string news;                                 // as in html_page()
};

Page machine_page(const state::Archive& journal, const std::string& name, const std::string& news, bool as_json);
Page type_page(const state::Archive& journal, const std::string& name, const Present& present, bool as_json);
Page pass_page(const state::Archive& journal, const std::string& number, bool as_json);

}  // namespace hydra_provisioner::app::pages
