#include "state/journal.hpp"

#include "state/postgres_journal.hpp"
#include "state/sqlite_journal.hpp"

namespace hydra_provisioner::state {

Expected<Memory> look(const JournalPlace& place, Instant now, const std::set<Instant>& spent_since) {
  return place.is_shared() ? look_at_postgres(place, now, spent_since)
                           : SqliteJournal::look(place.file, now, spent_since);
}

Expected<std::unique_ptr<Journal>> open_for_orders(const JournalPlace& place) {
  if (place.is_shared()) return open_postgres_for_orders(place);
  auto journal = SqliteJournal::open(place.file);
  if (!journal) return std::unexpected(std::move(journal.error()));
  return *std::move(journal);
}

}  // namespace hydra_provisioner::state
