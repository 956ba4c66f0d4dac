// The search for better settings of a pool, by many simulations on all cores.
#pragma once

#include <optional>
#include <set>
#include <vector>

#include "act/voice.hpp"
#include "forecast/settings.hpp"
#include "forecast/simulated_run.hpp"
#include "model/config.hpp"
#include "trace/trace.hpp"

namespace hydra_provisioner::forecast {

// The present setting and another one on the same steps.
struct Comparison {
  Trial now;
  Trial other;
};

// What a setting, found with the first half of the steps, means for each half.
struct OnHalves {
  Comparison first;
  std::optional<Comparison> second{};  // none: there is only one step
};

struct Tuning {
  Trial now;                           // the present setting
  std::vector<Trial> front;            // see front_of(); the suggestion is among them
  std::optional<Setting> suggested{};  // none: nothing that was tried is better than now
  // Of the suggestion; without one, of a setting that is better than now for the first half alone, if there is any.
  std::optional<OnHalves> on_halves{};

  const Trial* suggestion() const;  // in the front; null: there is none
};

// Of each part of the steps, the present setting first. Each setting on all steps was tried on the first half, too.
struct TrialsOnParts {
  std::vector<Trial> on_half{};
  std::vector<Trial> on_all{};
  std::vector<Trial> on_rest{};  // of those that are better on both, the best first, until one is no worse
};

Tuning judged(const TrialsOnParts& trials);

// Simulates the pool alone, because others do not matter to it: first with settings of all kinds, then with settings
// near the best, on the first half of its steps; then the best of them on all steps. The suggestion is better than now
// for both, and no worse for the second half. Shows its progress on the voice. None: the trace has no steps of the
// pool.
std::optional<Tuning> tune(const Config& config, const PoolName& pool, const trace::Trace& trace,
                           const SimulationTerms& terms, act::Voice& voice);

// The part of the trace that belongs to these pools. A step that depends on steps of other pools becomes ready when it
// would if none of those had waited.
trace::Trace part_of(const trace::Trace& trace, const Config& config, const std::set<PoolName>& pools);

}  // namespace hydra_provisioner::forecast
