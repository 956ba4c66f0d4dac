#include "state/database/schema.hpp"

#include <array>

#include <fmt/format.h>

namespace hydra_provisioner::state {
namespace {

constexpr std::int64_t application_id = 0x68707276;  // "hprv": tells our files from other SQLite databases

// One step a version. Times are Unix seconds in UTC, durations seconds; a time that is not known is NULL.
constexpr std::array migrations{R"sql(
  create table machines (
    id text primary key,
    number integer not null,
    pool text not null,
    provider text not null,
    instance text not null,
    state text not null,
    since integer not null,
    requested_at integer not null,
    address text not null,
    host_key text not null,
    spec_hash text not null,
    launched_at integer,
    ready_at integer,
    listed integer not null,
    listed_at integer,
    first_listed_at integer,
    unlisted_at integer,
    cannot_stop integer not null,
    last_error text not null
  ) strict;
  create index machines_that_exist on machines (number) where state <> 'gone';
  create table events (
    id integer primary key,
    time integer not null,
    machine text not null,
    pool text not null,
    kind text not null,
    reason text not null
  ) strict;
  create index failures on events (time) where kind = 'failed';
  create table pools (
    name text not null,
    provider text not null,
    settings text not null,
    primary key (name, provider)
  ) strict;
  create table creations (
    pool text primary key,
    failed_passes integer not null,
    last_failed_pass integer not null
  ) strict;
  create table deliveries (
    id integer primary key check (id = 1),
    content text not null,
    time integer not null,
    succeeded integer not null,
    destination text not null
  ) strict;
  create table passes (
    id integer primary key,
    start integer not null,
    duration integer not null,
    inputs text not null,
    plan text not null
  ) strict;
)sql",
                                R"sql(
  alter table machines add column billing_period integer not null default 0;
  alter table machines add column checked_at integer;
)sql",
                                // See pass_rows.hpp. What earlier versions kept of a pass does not suffice to decide
                                // again.
                                R"sql(
  create table passes_now (
    id integer primary key,
    start integer not null,
    duration integer not null,
    clocks text not null,
    plan_hash integer not null,
    trouble text not null
  ) strict;
  insert into passes_now select id, start, duration, '', 0, '' from passes;
  drop table passes;
  alter table passes_now rename to passes;
  create index passes_by_start on passes (start);
  create table facts (
    name text not null,
    since integer not null,
    until integer,
    value text not null,
    primary key (name, since)
  ) strict, without rowid;
  create index facts_now on facts (name, value) where until is null;
  create index facts_past on facts (until) where until is not null;
  create table usage (
    hour integer not null,
    pool text not null,
    price integer not null,
    boot integer not null,
    busy integer not null,
    idle integer not null,
    drain integer not null,
    stopped integer not null,
    primary key (hour, pool, price)
  ) strict, without rowid;
  create table gaps (
    time integer not null,
    duration integer not null
  ) strict;
  create index events_by_time on events (time);
)sql",
                                R"sql(
  alter table machines add column listed_for integer;
  create table orders (
    kind text not null,
    whom text not null,
    value integer not null,
    since integer not null,
    until integer,
    primary key (kind, whom)
  ) strict, without rowid;
)sql",
                                // So that no pass reads the machines that are gone.
                                R"sql(
  create index machines_by_number on machines (number);
  create index machines_gone on machines (since) where state = 'gone';
)sql",
                                R"sql(
  alter table deliveries add column failing_since integer;
  alter table deliveries add column trouble text not null default '';
  create table step_times (
    pool text primary key,
    milliseconds integer not null
  ) strict, without rowid;
)sql",
                                R"sql(
  alter table machines add column failed_operation text;
  alter table machines add column failed_in_a_row integer not null default 0;
  alter table machines add column failed_at integer;
  alter table machines add column cannot_redeploy integer not null default 0;
  alter table creations add column last_error text not null default '';
  alter table creations add column recipe text not null default '';
  alter table creations add column counted_from integer not null default 0;
)sql",
                                R"sql(
  alter table machines add column leaves_in_turn integer not null default 0;
  alter table machines add column unanswered_since integer;
)sql",
                                R"sql(
  alter table machines add column kept_alive_at integer;
)sql",
                                R"sql(
  alter table machines add column owner text not null default '';
)sql",
                                R"sql(
  alter table machines add column noted_as text not null default '';
  alter table machines add column slot integer;
)sql",
                                R"sql(
  alter table machines add column seen_idle_at integer;
  alter table machines add column seen_out_at integer;
  alter table machines add column missing_since integer;
)sql",
                                R"sql(
  alter table machines add column closed_since integer;
  alter table machines add column joined_at integer;
  alter table machines add column seen_open integer not null default 0;
  alter table creations add column last_useless integer;
)sql",
                                // The values of a metric's labels are separated by tabs.
                                R"sql(
  create table totals (
    metric text not null,
    labels text not null,
    value real not null,
    primary key (metric, labels)
  ) strict, without rowid;
  create table waiting (
    pool text primary key,
    since integer not null
  ) strict, without rowid;
  alter table machines add column wanted_since integer;
  alter table events add column class text not null default '';
  alter table orders add column author text not null default '';
  alter table orders add column reason text not null default '';
)sql",
                                // For plots: each row is of `span` seconds from `time` on; see Load.
                                R"sql(
  create table load (
    span integer not null,
    time integer not null,
    pool text not null,
    observed integer not null,
    untrusted integer not null,
    waiting integer not null,
    running integer not null,
    most_waiting integer not null,
    longest_wait integer not null,
    boot integer not null,
    busy integer not null,
    idle integer not null,
    drain integer not null,
    cost real not null,
    primary key (span, time, pool)
  ) strict, without rowid;
)sql",
                                R"sql(
  alter table machines add column begun_operation text;
  alter table machines add column begun_by text not null default '';
  alter table machines add column ends_by integer;
)sql",
                                R"sql(
  create table step_samples (
    pool text not null,
    time integer not null,
    ended integer not null,
    present integer not null,
    waiting_since integer,
    primary key (pool, time)
  ) strict, without rowid;
)sql",
                                R"sql(
  alter table creations add column stop_refused_at integer;
  alter table usage add column stopped_cost real not null default 0;
)sql",
                                R"sql(
  alter table machines add column max_jobs integer not null default 0;
  alter table machines add column jobs integer not null default 0;
  alter table machines add column busy_since integer;
)sql"};

}  // namespace

Expected<void> check_schema(Database& database) {
  if (database.is_empty()) return {};
  const auto [application, version] = database.format();
  if (application == moved_away.application)
    return failure("was moved away: `journal` has to say where it is now, on this host, too");
  if (application != application_id)
    return failure("is not a journal of hydra-provisioner; choose another --state-dir or move it away");
  if (version > std::ssize(migrations)) {
    return failure(fmt::format("was written by a newer version (schema {}, this one knows {}); use that version again",
                               version, migrations.size()));
  }
  return {};
}

bool is_outdated(Database& database) { return database.format().version < std::ssize(migrations); }

void migrate(Database& database) {
  for (auto version = database.format().version; version < std::ssize(migrations); ++version) {
    Transaction transaction(database);
    database.define(migrations.at(static_cast<std::size_t>(version)),
                    {.application = application_id, .version = version + 1});
    transaction.commit();
  }
}

}  // namespace hydra_provisioner::state
