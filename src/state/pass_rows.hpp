// Passes in the journal. A fact is written when it is new or differs from the pass before: its row says from which pass
// on it held (`since`) and at which it no longer did (`until`, none: it still does). So a pass in which little happens
// costs little, every pass can be had whole, and the oldest can be dropped without touching the others.
#pragma once

#include <cstdint>
#include <set>

#include "state/database/database.hpp"
#include "state/journal.hpp"

namespace hydra_provisioner::state {

// These throw DatabaseError.
void write_pass(Database& database, const PassRecord& pass);                 // within the caller's transaction
Spending read_spending(Database& database, const std::set<Instant>& since);  // as Journal::spent_since
Facts read_facts(Database& database, std::int64_t pass);

}  // namespace hydra_provisioner::state
