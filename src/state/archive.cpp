#include "state/archive.hpp"

#include <limits>
#include <utility>

#include <SQLiteCpp/Database.h>
#include <SQLiteCpp/Statement.h>

#include "state/pass_rows.hpp"
#include "state/sqlite_journal.hpp"

namespace hydra_provisioner::state {
namespace {

constexpr const char* pass_columns = "select id, start, duration, clocks, plan_hash, trouble from passes ";

ArchivedPass read_pass(SQLite::Statement& row) {
  return {.number = row.getColumn(0).getInt64(),
          .start = from_unix(row.getColumn(1).getInt64()),
          .duration = Seconds{row.getColumn(2).getInt64()},
          .clocks_json = row.getColumn(3).getString(),
          .plan_hash = static_cast<std::uint64_t>(row.getColumn(4).getInt64()),
          .trouble = row.getColumn(5).getString()};
}

std::optional<ArchivedPass> one_pass(SQLite::Database& database, const char* which, std::int64_t value) {
  SQLite::Statement row(database, std::string(pass_columns) + which);
  row.bind(1, value);
  if (!row.executeStep()) return std::nullopt;
  return read_pass(row);
}

std::vector<std::string> texts(SQLite::Database& database, const char* query) {
  SQLite::Statement rows(database, query);
  std::vector<std::string> texts;
  while (rows.executeStep()) texts.push_back(rows.getColumn(0).getString());
  return texts;
}

Seconds span(SQLite::Statement& row, int column) { return Seconds{row.getColumn(column).getInt64()}; }

}  // namespace

Archive::Archive(std::string path, std::unique_ptr<SQLite::Database> database)
    : path_(std::move(path)), database_(std::move(database)) {}
Archive::Archive(Archive&& other) noexcept = default;
Archive::~Archive() = default;

Expected<Archive> Archive::open(const std::string& path) {
  auto copy = SqliteJournal::copy(path);
  if (!copy) return std::unexpected(std::move(copy.error()));
  return Archive(path, *std::move(copy));
}

Expected<Archive> Archive::view(const std::string& path) {
  auto view = SqliteJournal::view(path);
  if (!view) return std::unexpected(std::move(view.error()));
  return Archive(path, *std::move(view));
}

Expected<void> Archive::glance(const std::string& path, const std::function<void(const Archive&)>& read) {
  return SqliteJournal::glance(path, [&](auto database) { read(Archive(path, std::move(database))); });
}

EventReader::EventReader(std::unique_ptr<SQLite::Statement> rows) : rows_(std::move(rows)) {}
EventReader::EventReader(EventReader&& other) noexcept = default;
EventReader::~EventReader() = default;

std::optional<JournalEvent> EventReader::next() {
  if (!rows_->executeStep()) return std::nullopt;
  return JournalEvent{.time = from_unix(rows_->getColumn(0).getInt64()),
                      .machine = MachineId{rows_->getColumn(1).getString()},
                      .pool = PoolName{rows_->getColumn(2).getString()},
                      .kind = rows_->getColumn(3).getString(),
                      .reason = rows_->getColumn(4).getString()};
}

EventReader Archive::read_events(Instant since, const std::string& name) const {
  auto rows = std::make_unique<SQLite::Statement>(
      *database_,
      "select time, machine, pool, kind, reason from events "
      "where time >= ?1 and (?2 = '' or machine = ?2 or pool = ?2) order by time, id");
  rows->bind(1, to_unix(since));
  rows->bind(2, name);
  return EventReader(std::move(rows));
}

std::vector<JournalEvent> Archive::events(Instant since) const {
  EventReader reader = read_events(since);
  std::vector<JournalEvent> events;
  while (auto event = reader.next()) events.push_back(*std::move(event));
  return events;
}

std::vector<ArchivedPass> Archive::passes(Instant since) const {
  SQLite::Statement rows(*database_, std::string(pass_columns) + "where start >= ? order by id");
  rows.bind(1, to_unix(since));
  std::vector<ArchivedPass> passes;
  while (rows.executeStep()) passes.push_back(read_pass(rows));
  return passes;
}

std::optional<ArchivedPass> Archive::pass(std::int64_t number) const {
  return one_pass(*database_, "where id = ?", number);
}

std::optional<ArchivedPass> Archive::latest_pass() const {
  return one_pass(*database_, "where id <= ? order by id desc limit 1", std::numeric_limits<std::int64_t>::max());
}

std::optional<ArchivedPass> Archive::pass_at(Instant time) const {
  return one_pass(*database_, "where start <= ? order by id desc limit 1", to_unix(time));
}

Facts Archive::facts(const ArchivedPass& pass) const { return read_facts(*database_, pass.number); }

StepCounts Archive::step_counts(Instant since) const { return read_step_counts(*database_, since); }

std::vector<UsageAt> Archive::usage(Instant since) const {
  SQLite::Statement rows(*database_,
                         "select hour, pool, price, boot, busy, idle, drain, stopped from usage where hour >= ? "
                         "order by pool, hour, price");
  rows.bind(1, to_unix(since));
  std::vector<UsageAt> all;
  while (rows.executeStep()) {
    Usage usage{.pool = PoolName{rows.getColumn(1).getString()},
                .price_per_hour = {},
                .boot = span(rows, 3),
                .busy = span(rows, 4),
                .idle = span(rows, 5),
                .drain = span(rows, 6),
                .stopped = span(rows, 7)};
    const std::int64_t price = rows.getColumn(2).getInt64();
    if (price >= 0) usage.price_per_hour = Micros{price};
    all.push_back({from_unix(rows.getColumn(0).getInt64()), std::move(usage)});
  }
  return all;
}

std::optional<std::string> Archive::fact(const ArchivedPass& pass, const std::string& name) const {
  SQLite::Statement row(*database_,
                        "select value from facts where name = ?1 and since <= ?2 and (until is null or until > ?2)");
  row.bind(1, name);
  row.bind(2, pass.number);
  if (!row.executeStep()) return std::nullopt;
  return row.getColumn(0).getString();
}

Spending Archive::spent_since(const std::set<Instant>& times) const { return read_spending(*database_, times); }

Instant Archive::time_of_latest(std::size_t events) const {
  SQLite::Statement row(*database_, "select time from events order by time desc limit 1 offset ?");
  row.bind(1, static_cast<std::int64_t>(events));
  return row.executeStep() ? from_unix(row.getColumn(0).getInt64()) : Instant{};
}

Seconds Archive::unknown(Instant since) const {
  SQLite::Statement row(*database_, "select coalesce(sum(duration), 0) from gaps where time >= ?");
  row.bind(1, to_unix(since));
  row.executeStep();
  return span(row, 0);
}

std::vector<LoadAt> Archive::load(Seconds span_of_rows, Instant since, const std::optional<PoolName>& pool) const {
  SQLite::Statement rows(
      *database_,
      "select time, pool, observed, untrusted, waiting, running, most_waiting, longest_wait, boot, "
      "busy, idle, drain, cost from load where span = ?1 and time >= ?2 and (?3 is null or pool = ?3) "
      "order by time, pool");
  rows.bind(1, static_cast<std::int64_t>(span_of_rows.count()));
  rows.bind(2, to_unix(since));
  if (pool) rows.bind(3, pool->text);
  std::vector<LoadAt> all;
  while (rows.executeStep()) {
    all.push_back({.time = from_unix(rows.getColumn(0).getInt64()),
                   .load = {.pool = PoolName{rows.getColumn(1).getString()},
                            .observed = span(rows, 2),
                            .untrusted = span(rows, 3),
                            .waiting = span(rows, 4),
                            .running = span(rows, 5),
                            .most_waiting = rows.getColumn(6).getInt64(),
                            .longest_wait = span(rows, 7),
                            .boot = span(rows, 8),
                            .busy = span(rows, 9),
                            .idle = span(rows, 10),
                            .drain = span(rows, 11),
                            .cost = rows.getColumn(12).getDouble()}});
  }
  return all;
}

std::vector<std::string> Archive::machines() const {
  return texts(*database_, "select id from machines order by number");
}

std::vector<ArchivedMachine> Archive::machines_by_state(bool gone) const {
  SQLite::Statement rows(*database_,
                         gone ? "select id, pool, state from machines where state = 'gone' order by number"
                              : "select id, pool, state from machines where state <> 'gone' order by number");
  std::vector<ArchivedMachine> all;
  while (rows.executeStep()) {
    // Those with a state that no version of this program writes are left out.
    if (const auto state = from_name<MachineState>(rows.getColumn(2).getString()))
      all.push_back({MachineId{rows.getColumn(0).getString()}, PoolName{rows.getColumn(1).getString()}, *state});
  }
  return all;
}

std::vector<Residence> Archive::residences() const {
  SQLite::Statement rows(*database_,
                         "select pool, address, coalesce(first, requested_at), state = 'gone', since, "
                         "coalesce(settings, '') from machines "
                         "left join (select machine, min(time) as first from events group by machine) on machine = id "
                         "left join pools on pools.name = pool and pools.provider = machines.provider "
                         "where address != '' order by number");
  std::vector<Residence> all;
  while (rows.executeStep()) {
    const bool is_gone = rows.getColumn(3).getInt() == 1;
    all.push_back({.pool = PoolName{rows.getColumn(0).getString()},
                   .address = rows.getColumn(1).getString(),
                   .from = from_unix(rows.getColumn(2).getInt64()),
                   .until = is_gone ? std::optional(from_unix(rows.getColumn(4).getInt64())) : std::nullopt,
                   .settings_json = rows.getColumn(5).getString()});
  }
  return all;
}

std::set<MachineId> Archive::never_ready() const {
  std::set<MachineId> machines;
  for (std::string& machine : texts(*database_,
                                    "select machine from events group by machine having sum(kind = 'requested') > 0 "
                                    "and sum(kind = 'failed') > 0 and sum(kind = 'ready') = 0"))
    machines.emplace(std::move(machine));
  return machines;
}

std::vector<std::string> Archive::pools() const {
  return texts(*database_, "select name from pools union select pool from machines order by 1");
}

}  // namespace hydra_provisioner::state
