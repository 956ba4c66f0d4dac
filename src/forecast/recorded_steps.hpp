// The steps that the passes of a journal saw, as a trace. Passes count steps and do not tell one from another, so that
// the trace is like the history and not the same: docs/traces.md says what is assumed.
#pragma once

#include <cstddef>

#include "model/error.hpp"
#include "model/time.hpp"
#include "state/archive.hpp"
#include "trace/trace.hpp"

namespace hydra_provisioner::forecast {

// Of the passes since then. Fails if they saw none, or more than so many.
Expected<trace::Trace> recorded_steps(const state::Archive& archive, Instant since,
                                      std::size_t steps_max = trace::steps_max);

}  // namespace hydra_provisioner::forecast
