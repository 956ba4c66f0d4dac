#include "state/rows.hpp"

#include <algorithm>
#include <cstdint>
#include <stdexcept>

#include <SQLiteCpp/Database.h>
#include <SQLiteCpp/Statement.h>
#include <fmt/format.h>

#include "state/pass_rows.hpp"
#include "state/total_rows.hpp"

namespace hydra_provisioner::state {
namespace {

constexpr std::int64_t events_kept = 200'000;

// Fails for a word that this program never writes: another program changed the file.
template <class T>
T known(std::optional<T> value, const char* what, const std::string& word) {
  if (!value) throw std::runtime_error(fmt::format("\"{}\" is no {}", word, what));
  return *value;
}

std::optional<Instant> instant(const SQLite::Column& column) {
  if (column.isNull()) return std::nullopt;
  return from_unix(column.getInt64());
}

void get(const SQLite::Column& column, std::string& into) { into = column.getString(); }
void get(const SQLite::Column& column, bool& into) { into = column.getInt() != 0; }
void get(const SQLite::Column& column, std::int64_t& into) { into = column.getInt64(); }
void get(const SQLite::Column& column, Instant& into) { into = from_unix(column.getInt64()); }
void get(const SQLite::Column& column, Seconds& into) { into = Seconds{column.getInt64()}; }
template <class Kind>
void get(const SQLite::Column& column, Name<Kind>& into) {
  into.text = column.getString();
}
template <NamedEnum Enum>
void get(const SQLite::Column& column, Enum& into) {
  const std::string word = column.getString();
  into = known(from_name<Enum>(word), column.getName(), word);
}
template <class Value>
void get(const SQLite::Column& column, std::optional<Value>& into) {
  if (!column.isNull()) get(column, into.emplace());
}

void bind(SQLite::Statement& row, int index, const std::string& text) { row.bind(index, text); }
void bind(SQLite::Statement& row, int index, bool flag) { row.bind(index, flag ? 1 : 0); }
void bind(SQLite::Statement& row, int index, std::int64_t number) { row.bind(index, number); }
void bind(SQLite::Statement& row, int index, Instant time) { row.bind(index, to_unix(time)); }
void bind(SQLite::Statement& row, int index, Seconds span) { row.bind(index, static_cast<std::int64_t>(span.count())); }
template <class Kind>
void bind(SQLite::Statement& row, int index, const Name<Kind>& name) {
  row.bind(index, name.text);
}
template <NamedEnum Enum>
void bind(SQLite::Statement& row, int index, Enum value) {
  row.bind(index, std::string(to_string(value)));
}
template <class Value>
void bind(SQLite::Statement& row, int index, const std::optional<Value>& value) {
  if (value) {
    bind(row, index, *value);
  } else {
    row.bind(index);
  }
}

// Columns are read and written by position, in the order of visit_kept_fields(): to find each by its name takes as long
// as the rest.
struct MachineColumns {
  std::string names = "id, number";
  std::string places = "?, ?";
};

MachineColumns machine_columns() {
  MachineColumns columns;
  const Machine none;
  visit_kept_fields(none, [&](FieldName name, const auto&) {
    columns.names += fmt::format(", {}", name.column);
    columns.places += ", ?";
  });
  return columns;
}

Machine read_machine(SQLite::Statement& row) {
  Machine machine;
  get(row.getColumn(0), machine.id);  // column 1, the number, follows from it
  int column = 2;
  visit_kept_fields(machine, [&](FieldName, auto& value) { get(row.getColumn(column++), value); });
  return machine;
}

void write_machine(SQLite::Statement& row, const Machine& machine) {
  row.reset();
  bind(row, 1, machine.id);
  row.bind(2, number_of(machine.id));
  int index = 3;
  visit_kept_fields(machine, [&](FieldName, const auto& value) { bind(row, index++, value); });
  row.exec();
}

void write_machines(SQLite::Database& database, const std::vector<Machine>& machines) {
  if (machines.empty()) return;
  const auto [names, places] = machine_columns();
  SQLite::Statement row(database, fmt::format("insert or replace into machines ({}) values ({})", names, places));
  for (const Machine& machine : machines) write_machine(row, machine);
}

void write_events(SQLite::Database& database, const std::vector<JournalEvent>& events) {
  if (events.empty()) return;
  SQLite::Statement row(database,
                        "insert into events (time, machine, pool, kind, reason, class) values (?, ?, ?, ?, ?, ?)");
  for (const JournalEvent& event : events) {
    row.reset();
    row.bind(1, to_unix(event.time));
    row.bind(2, event.machine.text);
    row.bind(3, event.pool.text);
    row.bind(4, event.kind);
    row.bind(5, event.reason);
    row.bind(6, event.failure_class ? std::string(to_string(*event.failure_class)) : "");
    row.exec();
  }
}

void write_pools(SQLite::Database& database, const std::vector<RecordedPool>& pools) {
  for (const RecordedPool& pool : pools) {
    SQLite::Statement row(database, "insert or replace into pools (name, provider, settings) values (?, ?, ?)");
    row.bind(1, pool.name.text);
    row.bind(2, std::string(to_string(pool.provider)));
    row.bind(3, pool.settings_json);
    row.exec();
  }
}

void write_creations(SQLite::Database& database, const std::map<PoolName, CreationRecord>& creations) {
  for (const auto& [pool, record] : creations) {
    SQLite::Statement row(database,
                          "insert or replace into creations "
                          "(pool, failed_passes, last_failed_pass, last_error, recipe, counted_from, last_useless) "
                          "values (?, ?, ?, ?, ?, ?, ?)");
    row.bind(1, pool.text);
    row.bind(2, record.failed_passes);
    row.bind(3, to_unix(record.last_failed_pass));
    row.bind(4, record.last_error);
    row.bind(5, record.recipe);
    row.bind(6, to_unix(record.counted_from));
    if (record.last_useless) row.bind(7, to_unix(*record.last_useless));
    row.exec();
  }
}

void write_delivery(SQLite::Database& database, const LastDelivery& delivery) {
  SQLite::Statement row(
      database,
      "insert or replace into deliveries (id, content, time, succeeded, destination, failing_since, trouble) "
      "values (1, ?, ?, ?, ?, ?, ?)");
  row.bind(1, delivery.content);
  row.bind(2, to_unix(delivery.at));
  row.bind(3, delivery.succeeded ? 1 : 0);
  row.bind(4, delivery.destination);
  const std::optional<Instant> since = delivery.trouble ? std::optional(delivery.trouble->since) : std::nullopt;
  bind(row, 5, since);
  row.bind(6, delivery.trouble ? delivery.trouble->why : "");
  row.exec();
}

std::optional<LastDelivery> read_delivery(SQLite::Database& database) {
  SQLite::Statement row(database,
                        "select content, time, succeeded, destination, failing_since, trouble from deliveries");
  if (!row.executeStep()) return std::nullopt;
  LastDelivery delivery{.content = row.getColumn(0).getString(),
                        .at = from_unix(row.getColumn(1).getInt64()),
                        .succeeded = row.getColumn(2).getInt() != 0,
                        .destination = row.getColumn(3).getString()};
  if (const auto since = instant(row.getColumn(4)))
    delivery.trouble = Unpublished{*since, row.getColumn(5).getString()};
  return delivery;
}

void write_step_times(SQLite::Database& database, const std::map<PoolName, Millis>& times) {
  for (const auto& [pool, time] : times) {
    SQLite::Statement row(database, "insert or replace into step_times (pool, milliseconds) values (?, ?)");
    row.bind(1, pool.text);
    row.bind(2, static_cast<std::int64_t>(time.count()));
    row.exec();
  }
}

std::map<PoolName, Millis> read_step_times(SQLite::Database& database) {
  std::map<PoolName, Millis> times;
  SQLite::Statement rows(database, "select pool, milliseconds from step_times");
  while (rows.executeStep())
    times.emplace(PoolName{rows.getColumn(0).getString()}, Millis{rows.getColumn(1).getInt64()});
  return times;
}

void write_orders(SQLite::Database& database, const std::map<OrderKey, std::optional<Order>>& orders) {
  for (const auto& [key, order] : orders) {
    SQLite::Statement row(database,
                          order ? "insert or replace into orders (kind, whom, value, since, until, author, reason) "
                                  "values (?, ?, ?, ?, ?, ?, ?)"
                                : "delete from orders where kind = ? and whom = ?");
    row.bind(1, std::string(to_string(key.first)));
    row.bind(2, key.second);
    if (order) {
      row.bind(3, order->value);
      row.bind(4, to_unix(order->since));
      bind(row, 5, order->until);
      row.bind(6, order->author);
      row.bind(7, order->reason);
    }
    row.exec();
  }
}

// Those whose time has come, and those of machines that are gone. What was forgotten stays forgotten.
void drop_orders(SQLite::Database& database, Instant now) {
  SQLite::Statement past(database, "delete from orders where until <= ?");
  past.bind(1, to_unix(now));
  past.exec();
  database.exec(
      "delete from orders where kind <> 'forget' and "
      "exists (select 1 from machines where id = orders.whom and state = 'gone')");
}

// A few at a time, so that no pass takes long. The machine with the highest number stays, because numbers are never
// used twice, and so do those that were forgotten by order, which may still exist.
void forget_history(SQLite::Database& database, Instant before) {
  constexpr int rows_at_a_time = 1000;
  for (const char* rows : {"machines where id in (select id from machines where state = 'gone' and since < ? and "
                           "number < (select max(number) from machines) and "
                           "not exists (select 1 from orders where kind = 'forget' and whom = machines.id) limit ?)",
                           "events where id in (select id from events where time < ? limit ?)"}) {
    SQLite::Statement forget(database, fmt::format("delete from {}", rows));
    forget.bind(1, to_unix(before));
    forget.bind(2, rows_at_a_time);
    forget.exec();
  }
}

Orders read_orders(SQLite::Database& database) {
  Orders orders;
  SQLite::Statement rows(database, "select kind, whom, value, since, until, author, reason from orders");
  while (rows.executeStep()) {
    const std::string kind = rows.getColumn(0).getString();
    orders[{known(from_name<OrderKind>(kind), "order", kind), rows.getColumn(1).getString()}] = {
        .value = rows.getColumn(2).getInt64(),
        .since = from_unix(rows.getColumn(3).getInt64()),
        .until = instant(rows.getColumn(4)),
        .author = rows.getColumn(5).getString(),
        .reason = rows.getColumn(6).getString()};
  }
  return orders;
}

std::set<InstanceId> read_forgotten(SQLite::Database& database) {
  std::set<InstanceId> forgotten;
  SQLite::Statement rows(database,
                         "select instance from machines where instance <> '' and "
                         "id in (select whom from orders where kind = 'forget')");
  while (rows.executeStep()) forgotten.insert(InstanceId{rows.getColumn(0).getString()});
  return forgotten;
}

std::map<PoolName, CreationRecord> read_creations(SQLite::Database& database, Instant now) {
  std::map<PoolName, CreationRecord> creations;
  SQLite::Statement rows(
      database,
      "select pool, failed_passes, last_failed_pass, last_error, recipe, counted_from, last_useless from creations");
  while (rows.executeStep()) {
    CreationRecord& record = creations[PoolName{rows.getColumn(0).getString()}];
    record.failed_passes = rows.getColumn(1).getInt64();
    record.last_failed_pass = from_unix(rows.getColumn(2).getInt64());
    record.last_error = rows.getColumn(3).getString();
    record.recipe = rows.getColumn(4).getString();
    record.counted_from = from_unix(rows.getColumn(5).getInt64());
    if (!rows.isColumnNull(6)) record.last_useless = from_unix(rows.getColumn(6).getInt64());
  }
  SQLite::Statement failures(database,
                             "select pool, time from events where kind = 'failed' and time > ? order by time");
  failures.bind(1, to_unix(now - failures_remembered));
  while (failures.executeStep()) {
    creations[PoolName{failures.getColumn(0).getString()}].failures.push_back(
        from_unix(failures.getColumn(1).getInt64()));
  }
  return creations;
}

}  // namespace

Memory read_memory(SQLite::Database& database, Instant now) {
  Memory memory;
  SQLite::Statement machines(
      database, fmt::format("select {} from machines where state <> 'gone' order by number", machine_columns().names));
  while (machines.executeStep()) memory.machines.push_back(read_machine(machines));
  SQLite::Statement pools(database, "select name, provider, settings from pools");
  while (pools.executeStep()) {
    const std::string provider = pools.getColumn(1).getString();
    memory.pools.push_back({PoolName{pools.getColumn(0).getString()},
                            known(from_name<ProviderKind>(provider), "provider", provider),
                            pools.getColumn(2).getString()});
  }
  memory.creations = read_creations(database, now);
  memory.orders = read_orders(database);
  memory.last_delivery = read_delivery(database);
  memory.step_times = read_step_times(database);
  memory.waiting = read_waiting(database);
  memory.last_pass = from_unix(
      database.execAndGet("select coalesce((select start from passes order by id desc limit 1), 0)").getInt64());
  memory.forgotten = read_forgotten(database);
  memory.next_number = database.execAndGet("select coalesce(max(number), -1) + 1 from machines").getInt64();
  return memory;
}

void write_changes(SQLite::Database& database, const Changes& changes) {
  write_machines(database, changes.machines);
  write_events(database, changes.events);
  write_pools(database, changes.pools);
  write_creations(database, changes.creations);
  write_orders(database, changes.orders);
  if (changes.last_delivery) write_delivery(database, *changes.last_delivery);
  write_step_times(database, changes.step_times);
  if (changes.waiting) write_waiting(database, *changes.waiting);
  write_totals(database, changes.totals);
  if (!changes.events.empty() || changes.pass)  // also in passes in which nothing happens
    database.exec(fmt::format("delete from events where id <= (select max(id) from events) - {}", events_kept));
  if (!changes.pass) return;
  write_pass(database, *changes.pass);
  drop_orders(database, changes.pass->start);
  forget_history(database, changes.pass->start - changes.pass->history);
}

}  // namespace hydra_provisioner::state
