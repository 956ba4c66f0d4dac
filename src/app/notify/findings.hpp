// Finds in a pass what notifyCommand tells: how the farm is, what goes on, and which machines were lost.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "app/health.hpp"
#include "model/config.hpp"
#include "pass/pass.hpp"

namespace hydra_provisioner::app {

struct Findings {
  Health health;
  // What is so for now: a key that stays the same, and the words. None: the pass could not tell.
  std::optional<std::map<std::string, std::string>> standing{};
  std::vector<std::string> lost{};  // machines in use that were found to be gone without our doing, in words
};

// Standing are budgets from 80 % on, and machines that cannot be stopped or destroyed after several attempts: they may
// cost money for ever. `trouble` is what is wrong besides; empty: nothing is.
Findings findings_of(const pass::PassEnd& end, const Config& config, const std::string& trouble);

}  // namespace hydra_provisioner::app
