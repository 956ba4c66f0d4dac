// What somebody should be told of after a pass.
#pragma once

#include <map>
#include <string>

#include "app/health.hpp"
#include "model/config.hpp"
#include "pass/pass.hpp"

namespace hydra_provisioner::app {

struct Findings {
  Health health;
  std::map<std::string, std::string> standing{};  // what is so for now: a key that stays the same, and the words
  std::map<std::string, std::string> lost{};      // machines in use that are gone without our doing, likewise
};

// Standing are budgets from 80 % on, and machines that cannot be stopped or destroyed after several attempts: they may
// cost money for ever.
Findings findings_of(const pass::PassEnd& end, const Config& config);

}  // namespace hydra_provisioner::app
