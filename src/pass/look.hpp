// One look at the world, for a pass as for the verbs that only tell: what the journal remembers, what the queue runner
// and the providers say, together a Snapshot.
#pragma once

#include <chrono>
#include <string>
#include <vector>

#include "act/operations.hpp"
#include "act/publication.hpp"
#include "io/async/task.hpp"
#include "model/config.hpp"
#include "model/snapshot.hpp"
#include "observe/creations.hpp"
#include "observe/fleet.hpp"
#include "pass/recent_steps.hpp"
#include "pass/world.hpp"
#include "state/journal.hpp"

namespace hydra_provisioner::pass {

struct Look {
  Snapshot seen;
  observe::Fleet fleet;
  observe::Creations creations;  // of every configured pool, as the passes before this one left them
  act::PoolSettings pools;       // configured ones and those that only have machines left
  act::Providers reachable;      // providers that told us their machines
  AllStepSamples step_samples;   // with what this pass sees
  bool knows_jobs = true;        // false: it is unknown which jobs run, so none may begin
  std::vector<std::string> problems;
  std::vector<std::string> warnings{};  // of providers
  std::string keeps_file{};  // why the machines file has to stay as another program wrote it; empty: it has not
};

io::Task<Look> look_around(const World& world, const Config& config, const state::Memory& memory);

// How far the queue runner's clock is ahead of ours, at most; 0 when it is behind, for that may be the document's age.
// Also those that could not be asked for their machines.
act::Providers all_providers(const World& world);

Seconds queue_clock_ahead(const Queue& queue);

}  // namespace hydra_provisioner::pass
