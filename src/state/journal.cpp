#include "state/journal.hpp"

#include <tuple>
#include <utility>

#include "io/file/files.hpp"
#include "state/postgres_journal.hpp"
#include "state/sqlite_journal.hpp"

namespace hydra_provisioner::state {
namespace {

class OrdersInFile final : public Journal {
 public:
  OrdersInFile(std::unique_ptr<Journal> journal, std::string orders_file)
      : journal_(std::move(journal)), orders_file_(std::move(orders_file)) {}

  io::Task<Expected<Memory>> load(Instant now) override { co_return co_await journal_->load(now); }
  io::Task<Expected<void>> commit(Changes changes) override {
    auto written = co_await journal_->commit(std::move(changes));
    // Without it, the order is obeyed a little later.
    if (written) std::ignore = io::replace_file(orders_file_, "", 0600);
    co_return written;
  }

 private:
  std::unique_ptr<Journal> journal_;
  std::string orders_file_;
};

}  // namespace

Expected<Memory> look(const JournalPlace& place, Instant now, const std::set<Instant>& spent_since) {
  return place.is_shared() ? look_at_postgres(place, now, spent_since)
                           : SqliteJournal::look(place.file, now, spent_since);
}

Expected<std::unique_ptr<Journal>> open_for_orders(const JournalPlace& place) {
  if (place.is_shared()) return open_postgres_for_orders(place);
  auto journal = SqliteJournal::open(place.file);
  if (!journal) return std::unexpected(std::move(journal.error()));
  return std::make_unique<OrdersInFile>(*std::move(journal), orders_file(place));
}

}  // namespace hydra_provisioner::state
