#include "state/postgres_journal.hpp"

#include <exception>
#include <thread>
#include <utility>

#include <fmt/format.h>
#include <boost/uuid/random_generator.hpp>
#include <boost/uuid/uuid_io.hpp>

#include "io/async/offload.hpp"
#include "io/async/waypoint.hpp"
#include "io/text/local_time.hpp"
#include "state/database/fields.hpp"
#include "state/database/postgres.hpp"
#include "state/database/schema.hpp"
#include "state/pass_rows.hpp"
#include "state/rows.hpp"
#include "state/total_rows.hpp"

namespace hydra_provisioner::state {
namespace {

using std::chrono::milliseconds;

// A server that restarts is back after a few seconds. What comes later is found out by the next pass.
constexpr std::chrono::seconds server_is_awaited{15};

Error in_journal(const JournalPlace& place, std::string_view doing, const std::exception& error) {
  return {fmt::format("journal {}: cannot be {}: {}", place.described(), doing, error.what())};
}

Token new_token() { return {to_string(boost::uuids::random_generator()())}; }

// Up to date, with the tables of hosts.
std::unique_ptr<Database> open_to_write(const JournalPlace& place, const std::atomic<bool>* give_up = nullptr) {
  auto database = open_postgres(place.server, place.tag, PostgresMode::write, give_up);
  if (const auto fits = check_schema(*database); !fits) throw DatabaseError("it " + fits.error().message);
  if (is_outdated(*database) || !has_host_tables(*database)) make_tables(*database, place.tag);
  return database;
}

// One that nothing was written to yet, or up to date.
std::unique_ptr<Database> open_to_read(const JournalPlace& place) {
  auto database = open_postgres(place.server, place.tag, PostgresMode::read);
  if (const auto fits = check_schema(*database); !fits) throw DatabaseError("it " + fits.error().message);
  if (!database->is_empty() && is_outdated(*database))
    throw DatabaseError("it is of an older version; the next pass brings it up to date");
  return database;
}

class OrdersJournal final : public Journal {
 public:
  OrdersJournal(JournalPlace place, std::unique_ptr<Database> database)
      : place_(std::move(place)), database_(std::move(database)) {}

  io::Task<Expected<Memory>> load(Instant now) override { co_return look(place_, now); }
  io::Task<Expected<void>> commit(Changes changes) override {
    try {
      Transaction transaction(*database_);
      write_changes(*database_, changes);
      query(*database_, "select pg_notify($1, '')", orders_channel(place_));
      transaction.commit();
      co_return Expected<void>{};
    } catch (const ConnectionLost& error) {
      co_return failure(fmt::format("journal {}: {}; whether the order was written is not known: look with status",
                                    place_.described(), error.what()));
    } catch (const std::exception& error) {
      co_return std::unexpected(in_journal(place_, "written", error));
    }
  }

 private:
  JournalPlace place_;
  std::unique_ptr<Database> database_;
};

}  // namespace

PostgresJournal::PostgresJournal(JournalPlace place, Host host, Owner owner)
    : place_(std::move(place)), host_(std::move(host)), owner_(std::move(owner)) {}
PostgresJournal::~PostgresJournal() {
  is_ending_ = true;
  thread_.join();
}

template <class Work>
io::Task<std::invoke_result_t<Work>> PostgresJournal::on_thread(const char* doing, Work work) {
  using Outcome = std::invoke_result_t<Work>;
  co_return co_await io::offload(thread_, [this, doing, owned = std::move(work)]() mutable -> Outcome {
    try {
      return owned();
    } catch (const ConnectionLost& error) {
      database_.reset();
      is_leading_ = false;
      return std::unexpected(in_journal(place_, doing, error));
    } catch (const std::exception& error) {
      return std::unexpected(in_journal(place_, doing, error));
    }
  });
}

template <class Work>
io::Task<std::invoke_result_t<Work>> PostgresJournal::as_leader(const char* doing, Work work) {
  using Outcome = std::invoke_result_t<Work>;
  co_return co_await on_thread(doing, [this, owned = std::move(work)]() mutable -> Outcome {
    if (!is_leading_) return std::unexpected(not_leading());
    return owned();
  });
}

// A journal that was moved away or removed meanwhile is looked at anew, which says so.
Database& PostgresJournal::connected() {
  if (database_ && has_host_tables(*database_)) return *database_;
  is_leading_ = false;
  database_.reset();
  database_ = open_to_write(place_, &is_ending_);
  token_ = new_token();
  return *database_;
}

io::Task<Expected<Standing>> PostgresJournal::take_lead(milliseconds lease) {
  const double seconds = std::chrono::duration<double>(lease).count();
  co_return co_await on_thread("read", [this, seconds]() -> Expected<Standing> { return take_lead_now(seconds); });
}

Standing PostgresJournal::take_lead_now(double lease) {
  Database& database = connected();
  Standing standing =
      state::take_lead(database, {.host = host_, .owner = owner_, .token = token_, .tag = place_.tag, .lease = lease});
  is_leading_ = standing.leads;
  if (is_leading_) epoch_ = standing.leader.epoch;
  clock_ahead_ = state::clock_ahead(database);
  return standing;
}

io::Task<Expected<void>> PostgresJournal::renew_lead() {
  co_return co_await on_thread("written", [this]() -> Expected<void> {
    is_leading_ = is_leading_ && state::renew_lead(*database_, token_);
    if (!is_leading_) return failure("this host does not lead");
    return {};
  });
}

io::Task<void> PostgresJournal::stand_by() {
  const auto noted = co_await on_thread("written", [this]() -> Expected<void> {
    note_presence(connected(), host_);
    return {};
  });
  static_cast<void>(noted);  // the next attempt to lead says what is wrong
}

io::Task<void> PostgresJournal::give_up_lead() {
  const auto given_up = co_await on_thread("written", [this]() -> Expected<void> {
    if (database_) end_presence(*database_, host_);
    if (std::exchange(is_leading_, false)) state::give_up_lead(*database_, token_);
    database_.reset();
    return {};
  });
  static_cast<void>(given_up);  // without a connection it does not lead, either
}

Error PostgresJournal::not_leading() {
  is_leading_ = false;
  const auto hosts = hosts_of(place_, &is_ending_);
  if (hosts && *hosts && (**hosts).leader && (**hosts).leader->host != host_)
    return {fmt::format("journal {}: not written: {} leads since {}", place_.described(), (**hosts).leader->host.name,
                        io::local_time((**hosts).leader->since))};
  return {fmt::format("journal {}: not written: this host does not lead any more", place_.described())};
}

io::Task<Expected<Memory>> PostgresJournal::load(Instant now) {
  co_return co_await as_leader("read", [this, now]() -> Expected<Memory> { return read_memory(*database_, now); });
}

io::Task<Expected<void>> PostgresJournal::commit(Changes changes) {
  co_return co_await as_leader("written", [this, owned = std::move(changes)]() -> Expected<void> {
    io::waypoint("journal.before-commit");
    if (!write(owned)) return std::unexpected(not_leading());
    io::waypoint("journal.after-commit");
    return {};
  });
}

// False: this host does not lead any more. What was written may have been committed although the answer got lost.
bool PostgresJournal::write(const Changes& changes) {
  std::optional<std::int64_t> number;
  bool is_ending = false;
  try {
    Transaction transaction(*database_);
    number = begin_commit(*database_, token_);
    if (!number) return false;
    write_changes(*database_, changes);
    is_ending = true;
    transaction.commit();
  } catch (const ConnectionLost&) {
    is_leading_ = false;
    database_.reset();
    if (!is_ending || !was_committed_after_all(*number)) throw;
  }
  return true;
}

bool PostgresJournal::was_committed_after_all(std::int64_t number) {
  const auto end = std::chrono::steady_clock::now() + server_is_awaited;
  while (true) {
    try {
      return was_committed(*open_to_write(place_, &is_ending_), token_, number);
    } catch (const DatabaseError&) {
      if (is_ending_ || std::chrono::steady_clock::now() >= end) throw;
      std::this_thread::sleep_for(milliseconds{500});
    }
  }
}

io::Task<Expected<Spending>> PostgresJournal::spent_since(std::set<Instant> times) {
  co_return co_await as_leader(
      "read", [this, owned = std::move(times)]() -> Expected<Spending> { return read_spending(*database_, owned); });
}

io::Task<Expected<Totals>> PostgresJournal::totals() {
  co_return co_await as_leader("read", [this]() -> Expected<Totals> { return read_totals(*database_); });
}

io::Task<Expected<void>> PostgresJournal::confirm() {
  co_return co_await as_leader("read", [this]() -> Expected<void> {
    if (!leads(*database_, token_)) return std::unexpected(not_leading());
    return {};
  });
}

std::optional<Lead> PostgresJournal::lead() const { return Lead{.place = place_, .host = host_.id, .epoch = epoch_}; }

Expected<std::unique_ptr<Journal>> open_postgres_for_orders(const JournalPlace& place) {
  try {
    return std::make_unique<OrdersJournal>(place, open_to_write(place));
  } catch (const std::exception& error) {
    return std::unexpected(in_journal(place, "opened", error));
  }
}

Expected<Memory> look_at_postgres(const JournalPlace& place, Instant now, const std::set<Instant>& spent_since) {
  try {
    const auto database = open_to_read(place);
    if (database->is_empty()) return Memory{};
    Memory memory = read_memory(*database, now);
    memory.spent = read_spending(*database, spent_since);
    return memory;
  } catch (const std::exception& error) {
    return std::unexpected(in_journal(place, "read", error));
  }
}

Expected<std::unique_ptr<Database>> view_postgres(const JournalPlace& place) {
  try {
    auto database = open_to_read(place);
    if (database->is_empty()) return failure(fmt::format("journal {}: there is none", place.described()));
    return database;
  } catch (const std::exception& error) {
    return std::unexpected(in_journal(place, "read", error));
  }
}

}  // namespace hydra_provisioner::state
