// The journal's tables, and how older ones become today's.
#pragma once

#include "model/error.hpp"
#include "state/database/database.hpp"

namespace hydra_provisioner::state {

// Of a place from which a journal was moved, so that a host that does not know it begins no new one there.
inline constexpr Database::Format moved_away{.application = 0x6d6f7665, .version = 0};  // "move"

// Fails for a database that is not a journal, or of a newer version. Reads only.
Expected<void> check_schema(Database& database);

// Whether migrate() would change it.
bool is_outdated(Database& database);

// Brings an empty or older journal up to date; each step is a transaction.
void migrate(Database& database);

}  // namespace hydra_provisioner::state
