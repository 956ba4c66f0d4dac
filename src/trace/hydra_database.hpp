// A trace from the build steps in Hydra's database. docs/traces.md says what the database does not know.
#pragma once

#include <functional>
#include <optional>
#include <set>
#include <string>

#include "model/error.hpp"
#include "model/time.hpp"
#include "trace/trace.hpp"

namespace hydra_provisioner::trace {

// The features that a step on this machine required then, as far as that is known: the database does not say it.
using FeaturesOf = std::function<std::set<std::string>(const std::string& machine, Instant began)>;

// `where` as libpq takes it (`dbname=hydra host=/run/postgresql`, a URI) or as Hydra does (`dbi:Pg:dbname=hydra;`).
// Reads the steps that ended since then, or all. Blocks until it has ended.
Expected<Trace> read_hydra_database(const std::string& where, std::optional<Instant> since,
                                    const FeaturesOf& features_of);

}  // namespace hydra_provisioner::trace
