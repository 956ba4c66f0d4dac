// What happened, line by line.
#pragma once

#include <string>
#include <vector>

#include <nlohmann/json_fwd.hpp>

#include "state/archive.hpp"

namespace hydra_provisioner::review {

// Of a machine, or, where `machine` is empty, of the passes: when they began not to see or trust everything, began to
// say something else, and were well again.
struct Happening {
  Instant time;
  std::string machine;
  std::string pool;
  std::string what;  // the machine's new state; "pass 7"
  std::string reason;
};

// By time; all there are if `name` is empty, else those of this machine or pool.
std::vector<Happening> happenings(const state::Archive& archive, Instant since, const std::string& name);

nlohmann::json history_document(const std::vector<Happening>& all, Instant since);
std::string history_text(const std::vector<Happening>& all);

}  // namespace hydra_provisioner::review
