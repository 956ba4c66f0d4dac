// What happened, line by line.
#pragma once

#include <string>
#include <vector>

#include <nlohmann/json_fwd.hpp>

#include "state/archive.hpp"

namespace hydra_provisioner::review {

// An event of a machine. If `machine` is empty, of a pass: it could not see or trust everything, for another reason
// than the pass before it; or it could again.
struct Event {
  Instant time;
  std::string machine;
  std::string pool;
  std::string what;  // the machine's new state; "pass 7"
  std::string reason;
};

// The events of the machine or pool, or all if `name` is empty; by time.
std::vector<Event> events_of(const state::Archive& archive, Instant since, const std::string& name);

nlohmann::json history_document(const std::vector<Event>& all, Instant since);
std::string history_text(const std::vector<Event>& all);

}  // namespace hydra_provisioner::review
