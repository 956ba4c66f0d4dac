// The steps that the passes of a journal saw, as a trace. Passes count steps and do not tell one from another, so that
// the trace is like the history and not the same: docs/traces.md says what is assumed.
#pragma once

#include "model/error.hpp"
#include "model/time.hpp"
#include "state/archive.hpp"
#include "trace/trace.hpp"

namespace hydra_provisioner::forecast {

// Of the passes since then. Fails if they saw none.
Expected<trace::Trace> recorded_steps(const state::Archive& archive, Instant since);

}  // namespace hydra_provisioner::forecast
