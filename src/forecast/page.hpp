// A forecast as HTML: figures in tables and plots, and where it comes from. A second forecast of the same trace stands
// beside it.
#pragma once

#include <string>
#include <vector>

#include "forecast/forecast.hpp"
#include "forecast/provenance.hpp"
#include "html/markup.hpp"

namespace hydra_provisioner::forecast {

struct PageSubject {
  const Forecast& now;
  const Forecast* before = nullptr;  // of the old configuration; null: there is none
  std::string inputs{};              // `conf.nix for farm.csv`
  std::vector<Fact> facts{};         // where it comes from
};

// The content of a page, from its heading on: also for pages with a navigation and a head of their own.
html::Markup forecast_content(const PageSubject& subject);

// A page that needs no other file.
std::string forecast_page(const PageSubject& subject);

}  // namespace hydra_provisioner::forecast
