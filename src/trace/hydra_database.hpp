// A trace from what Hydra's database remembers of build steps: see docs/traces.md for what it does not.
#pragma once

#include <optional>
#include <string>

#include "model/error.hpp"
#include "model/time.hpp"
#include "trace/trace.hpp"

namespace hydra_provisioner::trace {

// `where` as libpq takes it (`dbname=hydra host=/run/postgresql`, a URI) or as Hydra does (`dbi:Pg:dbname=hydra;`).
// Steps that ended since then; none: all. Blocks until it is done or has failed.
Expected<Trace> read_hydra_database(const std::string& where, std::optional<Instant> since);

}  // namespace hydra_provisioner::trace
