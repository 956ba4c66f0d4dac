// Takes a journal from one place to another, such as from a file to a database that hosts can share.
#pragma once

#include <cstdint>
#include <map>
#include <string>

#include "model/error.hpp"
#include "state/place.hpp"

namespace hydra_provisioner::state {

// To be called before other hosts are kept out: `from` must have a journal. A mark that one was moved away from `to` is
// removed.
Expected<void> prepare_move(const JournalPlace& from, const JournalPlace& to);

// Copies all of it, and compares both. `to` must have no journal, an empty one, or the same. Nothing is changed at
// `from`; after an error no journal is at `to`. Returns how many rows each table has. No pass may be made at either
// place meanwhile.
Expected<std::map<std::string, std::int64_t>> copy_journal(const JournalPlace& from, const JournalPlace& to);

// So that no pass uses it any more: a file, or a schema, gets another name, which is returned.
Expected<std::string> set_aside(const JournalPlace& place);

}  // namespace hydra_provisioner::state
