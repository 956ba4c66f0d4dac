// One pool, with all that decisions about it depend on.
#pragma once

#include <utility>
#include <vector>

#include "decide/idleness.hpp"
#include "decide/target.hpp"
#include "model/config.hpp"
#include "model/machine.hpp"
#include "model/plan.hpp"
#include "model/snapshot.hpp"

namespace hydra_provisioner::decide {

struct PoolView {
  const Snapshot& seen;
  const Config& config;
  const PoolConfig& settings;
  bool is_configured = true;
  Load load;
  std::string limits{};      // where they come from, if not from the configuration
  std::string of_maximum{};  // where the maximum comes from, if not from the configuration
  PoolTarget target{};
  Seconds grace{0};                        // how long a machine that is not needed must have been idle
  std::vector<const Machine*> machines{};  // all of the pool's, by id
  std::optional<Reason> hold{};            // see holds.hpp
  std::string unused{};                    // see unused.hpp
};

// It leaves even if it is needed: an operator ordered so, or its cloud is about to end it.
inline bool must_leave(const PoolView& pool, const Machine& machine) {
  return !machine.found.notice.empty() || is_ordered_away(pool.seen.orders, machine, pool.seen.now);
}

// A machine that steps may run on.
struct ActiveMachine {
  const Machine* machine;
  Idleness activity;  // meaningless while the status is not trusted
};

// Machines that this pass may decide about; a job works on the others, or they have failed.
struct FreeMachines {
  std::vector<ActiveMachine> ready;
  std::vector<const Machine*> coming;
  std::vector<ActiveMachine> draining;
  std::vector<const Machine*> stopped;
};

inline Action act_on(ActionKind kind, const Machine& machine, Reason reason) {
  return {.kind = kind, .machine = machine.id, .pool = machine.pool, .reason = std::move(reason)};
}

}  // namespace hydra_provisioner::decide
