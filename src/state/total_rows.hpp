// What the journal keeps for the metrics alone.
#pragma once

#include <map>

#include "model/names.hpp"
#include "model/time.hpp"
#include "model/totals.hpp"

namespace SQLite {
class Database;
}

namespace hydra_provisioner::state {

// These throw SQLite::Exception, as those of rows.hpp.
Totals read_totals(SQLite::Database& database);
void write_totals(SQLite::Database& database, const Totals& growth);
std::map<PoolName, Instant> read_waiting(SQLite::Database& database);
void write_waiting(SQLite::Database& database, const std::map<PoolName, Instant>& waiting);

}  // namespace hydra_provisioner::state
