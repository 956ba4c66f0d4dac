// The journal's rows as values, and back.
#pragma once

#include "state/database/database.hpp"
#include "state/journal.hpp"

namespace hydra_provisioner::state {

// These throw DatabaseError, which journals turn into errors.
Memory read_memory(Database& database, Instant now);
void write_changes(Database& database, const Changes& changes);  // within the caller's transaction

}  // namespace hydra_provisioner::state
