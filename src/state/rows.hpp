// The journal's rows as values, and back.
#pragma once

#include "state/journal.hpp"

namespace SQLite {
class Database;
}

namespace hydra_provisioner::state {

// These throw SQLite::Exception, which sqlite_journal.cpp turns into errors.
Memory read_memory(SQLite::Database& database, Instant now);
void write_changes(SQLite::Database& database, const Changes& changes);  // within the caller's transaction

}  // namespace hydra_provisioner::state
