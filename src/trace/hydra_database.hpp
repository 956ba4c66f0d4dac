// A trace from the build steps in Hydra's database. docs/traces.md says what the database does not know.
#pragma once

#include <optional>
#include <string>

#include "model/error.hpp"
#include "model/time.hpp"
#include "trace/trace.hpp"

namespace hydra_provisioner::trace {

// `where` as libpq takes it (`dbname=hydra host=/run/postgresql`, a URI) or as Hydra does (`dbi:Pg:dbname=hydra;`).
// Reads the steps that ended since then, or all. Blocks until it has ended.
Expected<Trace> read_hydra_database(const std::string& where, std::optional<Instant> since);

}  // namespace hydra_provisioner::trace
