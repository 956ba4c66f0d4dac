#include "state/rows.hpp"

#include <algorithm>
#include <cstdint>
#include <string_view>

#include <fmt/format.h>

#include "state/database/fields.hpp"
#include "state/pass_rows.hpp"
#include "state/total_rows.hpp"

namespace hydra_provisioner::state {
namespace {

constexpr std::int64_t events_kept = 200'000;

// Columns are read and written by position, in the order of visit_kept_fields(): to find each by its name takes as long
// as the rest.
std::string machine_columns() {
  std::string columns = "id, number";
  const Machine none;
  visit_kept_fields(none, [&](FieldName name, const auto&) { columns += fmt::format(", {}", name.column); });
  return columns;
}

Machine read_machine(const Rows& row) {
  Machine machine;
  get(row, 0, machine.id);  // column 1, the number, follows from it
  int column = 2;
  visit_kept_fields(machine, [&](FieldName, auto& value) { get(row, column++, value); });
  return machine;
}

std::string statement_for_machines() {
  std::string places = "$1, $2";
  std::string updates;
  int place = 3;
  const Machine none;
  visit_kept_fields(none, [&](FieldName name, const auto&) {
    places += fmt::format(", ${}", place++);
    updates += fmt::format("{}{} = excluded.{}", updates.empty() ? "" : ", ", name.column, name.column);
  });
  return fmt::format("insert into machines ({}) values ({}) on conflict (id) do update set {}", machine_columns(),
                     places, updates);
}

void write_machines(Database& database, const std::vector<Machine>& machines) {
  if (machines.empty()) return;
  const std::string statement = statement_for_machines();
  std::vector<Field> fields;
  for (const Machine& machine : machines) {
    fields = {field(machine.id), field(number_of(machine.id))};
    visit_kept_fields(machine, [&](FieldName, const auto& value) { fields.push_back(field(value)); });
    database.execute(statement, fields);
  }
}

void write_events(Database& database, const std::vector<JournalEvent>& events) {
  for (const JournalEvent& event : events) {
    execute(database, "insert into events (time, machine, pool, kind, reason, class) values ($1, $2, $3, $4, $5, $6)",
            event.time, event.machine, event.pool, event.kind, event.reason,
            event.failure_class ? to_string(*event.failure_class) : "");
  }
}

void write_pools(Database& database, const std::vector<RecordedPool>& pools) {
  for (const RecordedPool& pool : pools) {
    execute(database,
            "insert into pools (name, provider, settings) values ($1, $2, $3) "
            "on conflict (name, provider) do update set settings = excluded.settings",
            pool.name, pool.provider, pool.settings_json);
  }
}

std::vector<RecordedPool> read_pools(Database& database) {
  std::vector<RecordedPool> pools;
  const auto rows = query(database, "select name, provider, settings from pools order by name, provider");
  while (rows->next())
    pools.push_back({get<PoolName>(*rows, 0), get<ProviderKind>(*rows, 1), get<std::string>(*rows, 2)});
  return pools;
}

void write_creations(Database& database, const std::map<PoolName, CreationRecord>& creations) {
  for (const auto& [pool, record] : creations) {
    execute(database,
            "insert into creations "
            "(pool, failed_passes, last_failed_pass, last_error, recipe, counted_from, last_useless, stop_refused_at) "
            "values ($1, $2, $3, $4, $5, $6, $7, $8) on conflict (pool) do update set "
            "failed_passes = excluded.failed_passes, last_failed_pass = excluded.last_failed_pass, "
            "last_error = excluded.last_error, recipe = excluded.recipe, counted_from = excluded.counted_from, "
            "last_useless = excluded.last_useless, stop_refused_at = excluded.stop_refused_at",
            pool, record.failed_passes, record.last_failed_pass, record.last_error, record.recipe, record.counted_from,
            record.last_useless, record.stop_refused_at);
  }
}

void write_delivery(Database& database, const LastDelivery& delivery) {
  const auto& trouble = delivery.trouble;
  execute(database,
          "insert into deliveries (id, content, time, succeeded, destination, failing_since, trouble) "
          "values (1, $1, $2, $3, $4, $5, $6) on conflict (id) do update set content = excluded.content, "
          "time = excluded.time, succeeded = excluded.succeeded, destination = excluded.destination, "
          "failing_since = excluded.failing_since, trouble = excluded.trouble",
          delivery.content, delivery.at, delivery.succeeded, delivery.destination,
          trouble ? std::optional(trouble->since) : std::nullopt, trouble ? std::string_view(trouble->why) : "");
}

std::optional<LastDelivery> read_delivery(Database& database) {
  const auto row =
      query(database, "select content, time, succeeded, destination, failing_since, trouble from deliveries");
  if (!row->next()) return std::nullopt;
  LastDelivery delivery{.content = get<std::string>(*row, 0),
                        .at = get<Instant>(*row, 1),
                        .succeeded = get<bool>(*row, 2),
                        .destination = get<std::string>(*row, 3)};
  if (const auto since = get<std::optional<Instant>>(*row, 4))
    delivery.trouble = Unpublished{*since, get<std::string>(*row, 5)};
  return delivery;
}

void write_step_times(Database& database, const std::map<PoolName, Millis>& times) {
  for (const auto& [pool, time] : times) {
    execute(database,
            "insert into step_times (pool, milliseconds) values ($1, $2) "
            "on conflict (pool) do update set milliseconds = excluded.milliseconds",
            pool, time);
  }
}

std::map<PoolName, Millis> read_step_times(Database& database) {
  std::map<PoolName, Millis> times;
  const auto rows = query(database, "select pool, milliseconds from step_times");
  while (rows->next()) times.emplace(get<PoolName>(*rows, 0), get<Millis>(*rows, 1));
  return times;
}

void write_step_samples(Database& database, const std::map<PoolName, StepSamples>& samples) {
  for (const auto& [pool, all] : samples) {
    const Instant settled = all.size() < 2 ? all.front().time - Seconds{1} : all[all.size() - 2].time;
    execute(database, "delete from step_samples where pool = $1 and (time < $2 or time > $3)", pool, all.front().time,
            settled);
    execute(database,
            "insert into step_samples (pool, time, ended, present, waiting_since) values ($1, $2, $3, $4, $5)", pool,
            all.back().time, all.back().ended, all.back().present, all.back().waiting_since);
  }
}

std::map<PoolName, StepSamples> read_step_samples(Database& database) {
  std::map<PoolName, StepSamples> samples;
  const auto rows =
      query(database, "select pool, time, ended, present, waiting_since from step_samples order by pool, time");
  while (rows->next()) {
    samples[get<PoolName>(*rows, 0)].push_back({.time = get<Instant>(*rows, 1),
                                                .ended = get<std::int64_t>(*rows, 2),
                                                .present = get<std::int64_t>(*rows, 3),
                                                .waiting_since = get<std::optional<Instant>>(*rows, 4)});
  }
  return samples;
}

void write_orders(Database& database, const std::map<OrderKey, std::optional<Order>>& orders) {
  for (const auto& [key, order] : orders) {
    if (!order) {
      execute(database, "delete from orders where kind = $1 and whom = $2", key.first, key.second);
      continue;
    }
    execute(database,
            "insert into orders (kind, whom, value, since, until, author, reason) "
            "values ($1, $2, $3, $4, $5, $6, $7) on conflict (kind, whom) do update set value = excluded.value, "
            "since = excluded.since, until = excluded.until, author = excluded.author, reason = excluded.reason",
            key.first, key.second, order->value, order->since, order->until, order->author, order->reason);
  }
}

// Those whose time has come, and those of machines that are gone. What was forgotten stays forgotten.
void drop_orders(Database& database, Instant now) {
  execute(database, "delete from orders where until <= $1", now);
  execute(database,
          "delete from orders where kind <> 'forget' and "
          "exists (select 1 from machines where id = orders.whom and state = 'gone')");
}

// A few at a time, so that no pass takes long. The machine with the highest number stays, because numbers are never
// used twice, and so do those that were forgotten by order, which may still exist.
void forget_history(Database& database, Instant before) {
  constexpr std::int64_t rows_at_a_time = 1000;
  for (const char* statement :
       {"delete from machines where id in (select id from machines where state = 'gone' and since < $1 and "
        "number < (select max(number) from machines) and "
        "not exists (select 1 from orders where kind = 'forget' and whom = machines.id) limit $2)",
        "delete from events where id in (select id from events where time < $1 limit $2)"})
    execute(database, statement, before, rows_at_a_time);
}

Orders read_orders(Database& database) {
  Orders orders;
  const auto rows = query(database, "select kind, whom, value, since, until, author, reason from orders");
  while (rows->next()) {
    orders[{get<OrderKind>(*rows, 0), get<std::string>(*rows, 1)}] = {.value = get<std::int64_t>(*rows, 2),
                                                                      .since = get<Instant>(*rows, 3),
                                                                      .until = get<std::optional<Instant>>(*rows, 4),
                                                                      .author = get<std::string>(*rows, 5),
                                                                      .reason = get<std::string>(*rows, 6)};
  }
  return orders;
}

std::set<InstanceId> read_forgotten(Database& database) {
  std::set<InstanceId> forgotten;
  const auto rows = query(database,
                          "select instance from machines where instance <> '' and "
                          "id in (select whom from orders where kind = 'forget')");
  while (rows->next()) forgotten.insert(get<InstanceId>(*rows, 0));
  return forgotten;
}

std::map<PoolName, CreationRecord> read_creations(Database& database, Instant now) {
  std::map<PoolName, CreationRecord> creations;
  const auto rows = query(
      database,
      "select pool, failed_passes, last_failed_pass, last_error, recipe, counted_from, last_useless, stop_refused_at "
      "from creations");
  while (rows->next()) {
    CreationRecord& record = creations[get<PoolName>(*rows, 0)];
    get(*rows, 1, record.failed_passes);
    get(*rows, 2, record.last_failed_pass);
    get(*rows, 3, record.last_error);
    get(*rows, 4, record.recipe);
    get(*rows, 5, record.counted_from);
    get(*rows, 6, record.last_useless);
    get(*rows, 7, record.stop_refused_at);
  }
  const auto failures =
      query(database, "select pool, time from events where kind = 'failed' and time > $1 order by time",
            now - failures_remembered);
  while (failures->next()) creations[get<PoolName>(*failures, 0)].failures.push_back(get<Instant>(*failures, 1));
  return creations;
}

}  // namespace

Memory read_memory(Database& database, Instant now) {
  Memory memory;
  const auto machines =
      query(database, fmt::format("select {} from machines where state <> 'gone' order by number", machine_columns()));
  while (machines->next()) memory.machines.push_back(read_machine(*machines));
  memory.pools = read_pools(database);
  memory.creations = read_creations(database, now);
  memory.orders = read_orders(database);
  memory.last_delivery = read_delivery(database);
  memory.step_times = read_step_times(database);
  memory.step_samples = read_step_samples(database);
  memory.waiting = read_waiting(database);
  memory.last_pass = ask<Instant>(database, "select start from passes order by id desc limit 1").value_or(Instant{});
  memory.forgotten = read_forgotten(database);
  memory.next_number = ask<std::int64_t>(database, "select max(number) + 1 from machines").value_or(0);
  return memory;
}

void write_changes(Database& database, const Changes& changes) {
  write_machines(database, changes.machines);
  write_events(database, changes.events);
  write_pools(database, changes.pools);
  write_creations(database, changes.creations);
  write_orders(database, changes.orders);
  if (changes.last_delivery) write_delivery(database, *changes.last_delivery);
  write_step_times(database, changes.step_times);
  write_step_samples(database, changes.step_samples);
  if (changes.waiting) write_waiting(database, *changes.waiting);
  write_totals(database, changes.totals);
  if (!changes.events.empty() || changes.pass)  // also in passes in which nothing happens
    execute(database, "delete from events where id <= (select max(id) from events) - $1", events_kept);
  if (!changes.pass) return;
  write_pass(database, *changes.pass);
  drop_orders(database, changes.pass->start);
  forget_history(database, changes.pass->start - changes.pass->history);
}

}  // namespace hydra_provisioner::state
