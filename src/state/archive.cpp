#include "state/archive.hpp"

#include <limits>
#include <utility>

#include <fmt/format.h>

#include "state/database/fields.hpp"
#include "state/pass_rows.hpp"
#include "state/postgres_journal.hpp"
#include "state/sqlite_journal.hpp"

namespace hydra_provisioner::state {
namespace {

constexpr const char* pass_columns = "select id, start, duration, clocks, plan_hash, trouble from passes ";

ArchivedPass read_pass(const Rows& row) {
  return {.number = row.integer(0),
          .start = get<Instant>(row, 1),
          .duration = get<Seconds>(row, 2),
          .clocks_json = get<std::string>(row, 3),
          .plan_hash = static_cast<std::uint64_t>(row.integer(4)),
          .trouble = get<std::string>(row, 5)};
}

template <class Value>
std::optional<ArchivedPass> one_pass(Database& database, const char* which, Value value) {
  const auto row = query(database, std::string(pass_columns) + which, value);
  if (!row->next()) return std::nullopt;
  return read_pass(*row);
}

std::vector<std::string> texts(Database& database, const char* sql) {
  const auto rows = query(database, sql);
  std::vector<std::string> texts;
  while (rows->next()) texts.emplace_back(rows->text(0));
  return texts;
}

}  // namespace

Archive::Archive(JournalPlace place, std::unique_ptr<Database> database)
    : place_(std::move(place)), database_(std::move(database)) {}
Archive::Archive(Archive&& other) noexcept = default;
Archive::~Archive() = default;

Expected<Archive> Archive::open(const JournalPlace& place) {
  auto database = place.is_shared() ? view_postgres(place) : SqliteJournal::copy(place.file);
  if (!database) return std::unexpected(std::move(database.error()));
  return Archive(place, *std::move(database));
}

Expected<Archive> Archive::view(const JournalPlace& place) {
  auto database = place.is_shared() ? view_postgres(place) : SqliteJournal::view(place.file);
  if (!database) return std::unexpected(std::move(database.error()));
  return Archive(place, *std::move(database));
}

Expected<void> Archive::glance(const JournalPlace& place, const std::function<void(const Archive&)>& read) {
  const auto hand_over = [&](std::unique_ptr<Database> database) { read(Archive(place, std::move(database))); };
  if (!place.is_shared()) return SqliteJournal::glance(place.file, hand_over);
  auto database = view_postgres(place);
  if (!database) return std::unexpected(std::move(database.error()));
  try {
    hand_over(*std::move(database));
    return {};
  } catch (const DatabaseError& error) {
    return failure(fmt::format("journal {}: {}", place.described(), error.what()));
  }
}

EventReader::EventReader(std::unique_ptr<Rows> rows) : rows_(std::move(rows)) {}
EventReader::EventReader(EventReader&& other) noexcept = default;
EventReader::~EventReader() = default;

std::optional<JournalEvent> EventReader::next() {
  if (!rows_->next()) return std::nullopt;
  return JournalEvent{.time = get<Instant>(*rows_, 0),
                      .machine = get<MachineId>(*rows_, 1),
                      .pool = get<PoolName>(*rows_, 2),
                      .kind = get<std::string>(*rows_, 3),
                      .reason = get<std::string>(*rows_, 4)};
}

EventReader Archive::read_events(Instant since, const std::string& name) const {
  return EventReader(query(*database_,
                           "select time, machine, pool, kind, reason from events "
                           "where time >= $1 and ($2 = '' or machine = $2 or pool = $2) order by time, id",
                           since, name));
}

std::vector<JournalEvent> Archive::events(Instant since) const {
  EventReader reader = read_events(since);
  std::vector<JournalEvent> events;
  while (auto event = reader.next()) events.push_back(*std::move(event));
  return events;
}

std::vector<ArchivedPass> Archive::passes(Instant since) const {
  const auto rows = query(*database_, std::string(pass_columns) + "where start >= $1 order by id", since);
  std::vector<ArchivedPass> passes;
  while (rows->next()) passes.push_back(read_pass(*rows));
  return passes;
}

std::optional<ArchivedPass> Archive::pass(std::int64_t number) const {
  return one_pass(*database_, "where id = $1", number);
}

std::optional<ArchivedPass> Archive::latest_pass() const {
  return one_pass(*database_, "where id <= $1 order by id desc limit 1", std::numeric_limits<std::int64_t>::max());
}

std::optional<ArchivedPass> Archive::pass_at(Instant time) const {
  return one_pass(*database_, "where start <= $1 order by id desc limit 1", time);
}

Facts Archive::facts(const ArchivedPass& pass) const { return read_facts(*database_, pass.number); }

StepCounts Archive::step_counts(Instant since) const { return read_step_counts(*database_, since); }

std::vector<UsageAt> Archive::usage(Instant since) const {
  const auto rows = query(*database_,
                          "select hour, pool, price, boot, busy, idle, drain, stopped, stopped_cost from usage "
                          "where hour >= $1 order by pool, hour, price",
                          since);
  std::vector<UsageAt> all;
  while (rows->next()) {
    Usage usage{.pool = get<PoolName>(*rows, 1),
                .price_per_hour = {},
                .boot = get<Seconds>(*rows, 3),
                .busy = get<Seconds>(*rows, 4),
                .idle = get<Seconds>(*rows, 5),
                .drain = get<Seconds>(*rows, 6),
                .stopped = get<Seconds>(*rows, 7),
                .stopped_cost = rows->real(8)};
    const std::int64_t price = rows->integer(2);
    if (price >= 0) usage.price_per_hour = Micros{price};
    all.push_back({get<Instant>(*rows, 0), std::move(usage)});
  }
  return all;
}

std::optional<std::string> Archive::fact(const ArchivedPass& pass, const std::string& name) const {
  return ask<std::string>(*database_,
                          "select value from facts where name = $1 and since <= $2 and (until is null or until > $2)",
                          name, pass.number);
}

Spending Archive::spent_since(const std::set<Instant>& times) const { return read_spending(*database_, times); }

Instant Archive::time_of_latest(std::size_t events) const {
  return ask<Instant>(*database_, "select time from events order by time desc limit 1 offset $1",
                      static_cast<std::int64_t>(events))
      .value_or(Instant{});
}

Seconds Archive::unknown(Instant since) const {
  return ask<Seconds>(*database_, "select sum(duration) from gaps where time >= $1", since).value_or(Seconds{0});
}

std::vector<LoadAt> Archive::load(Seconds span, Instant since, const std::optional<PoolName>& pool) const {
  const auto rows = query(*database_,
                          "select time, pool, observed, untrusted, waiting, running, most_waiting, longest_wait, boot, "
                          "busy, idle, drain, cost from load where span = $1 and time >= $2 "
                          "and (cast($3 as text) is null or pool = $3) order by time, pool",
                          span, since, pool);
  std::vector<LoadAt> all;
  while (rows->next()) {
    all.push_back({.time = get<Instant>(*rows, 0),
                   .load = {.pool = get<PoolName>(*rows, 1),
                            .observed = get<Seconds>(*rows, 2),
                            .untrusted = get<Seconds>(*rows, 3),
                            .waiting = get<Seconds>(*rows, 4),
                            .running = get<Seconds>(*rows, 5),
                            .most_waiting = rows->integer(6),
                            .longest_wait = get<Seconds>(*rows, 7),
                            .boot = get<Seconds>(*rows, 8),
                            .busy = get<Seconds>(*rows, 9),
                            .idle = get<Seconds>(*rows, 10),
                            .drain = get<Seconds>(*rows, 11),
                            .cost = rows->real(12)}});
  }
  return all;
}

std::vector<std::string> Archive::machines() const {
  return texts(*database_, "select id from machines order by number");
}

std::vector<ArchivedMachine> Archive::machines_by_state(bool gone) const {
  const auto rows =
      query(*database_, gone ? "select id, pool, state from machines where state = 'gone' order by number"
                             : "select id, pool, state from machines where state <> 'gone' order by number");
  std::vector<ArchivedMachine> all;
  while (rows->next()) {
    // Those with a state that no version of this program writes are left out.
    if (const auto state = from_name<MachineState>(rows->text(2)))
      all.push_back({get<MachineId>(*rows, 0), get<PoolName>(*rows, 1), *state});
  }
  return all;
}

std::vector<Residence> Archive::residences() const {
  const auto rows = query(*database_,
                          "select pool, address, coalesce(begun, requested_at), "
                          "case when state = 'gone' then since end, coalesce(settings, '') from machines "
                          "left join (select machine, min(time) as begun from events group by machine) as firsts "
                          "on firsts.machine = id "
                          "left join pools on pools.name = pool and pools.provider = machines.provider "
                          "where address <> '' order by number");
  std::vector<Residence> all;
  while (rows->next()) {
    all.push_back({.pool = get<PoolName>(*rows, 0),
                   .address = get<std::string>(*rows, 1),
                   .from = get<Instant>(*rows, 2),
                   .until = get<std::optional<Instant>>(*rows, 3),
                   .settings_json = get<std::string>(*rows, 4)});
  }
  return all;
}

std::set<MachineId> Archive::never_ready() const {
  std::set<MachineId> machines;
  for (std::string& machine :
       texts(*database_,
             "select machine from events group by machine having count(*) filter (where kind = 'requested') > 0 "
             "and count(*) filter (where kind = 'failed') > 0 and count(*) filter (where kind = 'ready') = 0"))
    machines.emplace(std::move(machine));
  return machines;
}

std::vector<std::string> Archive::pools() const {
  return texts(*database_, "select name from pools union select pool from machines order by 1");
}

}  // namespace hydra_provisioner::state
