// What the journal keeps for the metrics alone.
#pragma once

#include <map>

#include "model/names.hpp"
#include "model/time.hpp"
#include "model/totals.hpp"
#include "state/database/database.hpp"

namespace hydra_provisioner::state {

// These throw DatabaseError, as those of rows.hpp.
Totals read_totals(Database& database);
void write_totals(Database& database, const Totals& growth);
std::map<PoolName, Instant> read_waiting(Database& database);
void write_waiting(Database& database, const std::map<PoolName, Instant>& waiting);

}  // namespace hydra_provisioner::state
