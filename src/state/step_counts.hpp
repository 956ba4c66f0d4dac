// How many steps of each type waited and ran, as recorded passes saw it.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "model/time.hpp"
#include "state/database/database.hpp"

namespace hydra_provisioner::state {

struct StepCount {
  Instant time;    // of the pass that was the first to see so many
  Instant before;  // of the pass before it that knew the queue; the same time: there was none
  std::int64_t runnable = 0;
  std::int64_t running = 0;
};

struct StepCounts {
  // By the type's key, as the queue runner writes it, and by time; only where they differ from those before.
  std::map<std::string, std::vector<StepCount>> by_type;
  Instant until;  // of the latest pass that knew the queue
};

// Of the passes since then. A pass that did not trust the status says nothing. Throws DatabaseError.
StepCounts read_step_counts(Database& database, Instant since);

}  // namespace hydra_provisioner::state
