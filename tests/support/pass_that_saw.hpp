// Records of passes, as they are written, of which only the queue's steps matter.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <utility>

#include "state/inputs.hpp"
#include "state/journal.hpp"

namespace hydra_provisioner::support {

inline state::PassRecord pass_with(Instant start, Queue queue) {
  Snapshot seen;
  seen.now = start;
  seen.queue = std::move(queue);
  return {.start = start, .clocks_json = state::clocks_of(seen), .facts = state::facts_of(seen, Config{})};
}

// How many steps wait and run, by the keys of their types.
using Steps = std::map<std::string, std::pair<std::int64_t, std::int64_t>>;

inline state::PassRecord pass_that_saw(Instant start, const Steps& steps) {
  QueueStatus status{.time = start, .arrived = start, .started = {}, .step_types = {}, .machines = {}};
  for (const auto& [key, count] : steps) {
    const auto& [runnable, running] = count;
    status.step_types.push_back({.key = key, .type = parse_step_type(key), .runnable = runnable, .running = running});
  }
  return pass_with(start, std::move(status));
}

inline state::PassRecord pass_that_trusted_nothing(Instant start, const std::string& why = "no answer") {
  return pass_with(start, std::unexpected(Untrusted{why}));
}

}  // namespace hydra_provisioner::support
