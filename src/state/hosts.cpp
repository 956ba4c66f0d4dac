#include "state/hosts.hpp"

#include <chrono>
#include <exception>
#include <string_view>
#include <utility>

#include <fmt/format.h>

#include "io/postgres_servers.hpp"
#include "state/database/fields.hpp"
#include "state/database/postgres.hpp"
#include "state/database/schema.hpp"

namespace hydra_provisioner::state {
namespace {

constexpr std::int64_t standbys_are_shown = 10;  // seconds since they were last seen

// Of clock_timestamp(), which goes on during a transaction. All hosts use the clock of the database.
constexpr const char* leader_query =
    "select host, name, process, epoch, floor(extract(epoch from since)), "
    "case when clock_timestamp() - renewed_at > lease * interval '1 second' then 1 else 0 end, coalesce(token, ''), "
    "owner, only_from "
    "from leader";

Leader read_leader(const Rows& row) {
  return {.host = {get<std::string>(row, 0), get<std::string>(row, 1), row.integer(2)},
          .owner = get<Owner>(row, 7),
          .epoch = row.integer(3),
          .only_from = row.integer(8),
          .since = get<Instant>(row, 4),
          .has_lapsed = get<bool>(row, 5)};
}

std::string lock_key(const Tag& tag) { return "hydra-provisioner " + schema_name(tag); }

bool holds_lock(Database& database, const Tag& tag) {
  return ask<std::int64_t>(database, "select case when pg_try_advisory_lock(hashtextextended($1, 0)) then 1 else 0 end",
                           lock_key(tag)) == 1;
}

// That of its row, so that one who is just taking the lead stays. A long statement is no sign that its host hangs.
void end_session_of_leader(Database& database) {
  query(database,
        "select pg_terminate_backend(pid) from pg_stat_activity join leader on pid = session "
        "where application_name = current_setting('application_name') and pid <> pg_backend_pid() "
        "and (state <> 'active' or query_start < clock_timestamp() - interval '30 seconds')");
}

// Epochs follow the clock, so that none comes twice when a server takes over that lacks the latest.
Leader become_leader(Database& database, const Candidate& candidate) {
  execute(database,
          "insert into leader (id, epoch, token, host, name, process, session, only_from, since, renewed_at, lease, "
          "commits, "
          "owner) select 1, epoch, $1, $2, $3, $4, pg_backend_pid(), epoch, clock_timestamp(), clock_timestamp(), $5, "
          "0, $6 "
          "from (select greatest((select max(epoch) + 1 from leader), "
          "cast(floor(extract(epoch from clock_timestamp())) as bigint)) as epoch) as next "
          "on conflict (id) do update set epoch = excluded.epoch, token = excluded.token, host = excluded.host, "
          "name = excluded.name, process = excluded.process, session = excluded.session, "
          "only_from = case when leader.host = excluded.host then leader.only_from else excluded.epoch end, "
          "since = excluded.since, renewed_at = excluded.renewed_at, lease = excluded.lease, commits = 0",
          candidate.token.text, candidate.host.id, candidate.host.name, candidate.host.process, candidate.lease,
          candidate.owner);
  const auto row = query(database, leader_query);
  row->next();
  return read_leader(*row);
}

Expected<void> check(Database& database, const Lead& lead, std::string_view lock) {
  const auto row =
      query(database,
            fmt::format("select name, only_from, host, case when pg_is_in_recovery() then 1 else 0 end from leader {}",
                        lock));
  if (!row->next()) throw DatabaseError("no host has ever led there");
  if (get<bool>(*row, 3)) throw DatabaseError("it is a copy, and not the primary server");
  if (row->text(2) == lead.host && row->integer(1) <= lead.epoch) return {};
  return failure(fmt::format("not carried out: the host {} has led since this began, and goes on with it",
                             get<std::string>(*row, 0)));
}

}  // namespace

void make_tables(Database& database, const Tag& tag) {
  const std::string key = lock_key(tag) + " tables";
  query(database, "select pg_advisory_lock(hashtextextended($1, 0))", key);
  migrate(database);
  for (const char* table :
       {"create table if not exists leader (id bigint primary key check (id = 1), epoch bigint not null, token text, "
        "host text not null, name text not null, process bigint not null, session bigint not null, "
        "only_from bigint not null, "
        "since timestamptz not null, renewed_at timestamptz not null, lease double precision not null, "
        "commits bigint not null, owner text not null)",
        "create table if not exists hosts (id text primary key, name text not null, process bigint not null, "
        "seen_at timestamptz not null)",
        "create table if not exists machine_records (machine text not null, name text not null, content text not null, "
        "primary key (machine, name))"})
    execute(database, table);
  query(database, "select pg_advisory_unlock(hashtextextended($1, 0))", key);
}

bool has_host_tables(Database& database) {
  return ask<std::int64_t>(database,
                           "select count(*) from pg_tables where schemaname = current_schema() and "
                           "tablename in ('leader', 'hosts', 'machine_records')") == 3;
}

void note_presence(Database& database, const Host& host) {
  change(database,
         "insert into hosts (id, name, process, seen_at) values ($1, $2, $3, clock_timestamp()) "
         "on conflict (id) do update set name = excluded.name, process = excluded.process, seen_at = excluded.seen_at",
         host.id, host.name, host.process);
  change(database, "delete from hosts where seen_at < clock_timestamp() - $1 * interval '1 second'",
         standbys_are_shown);
}

void end_presence(Database& database, const Host& host) {
  change(database, "delete from hosts where id = $1", host.id);
}

bool renew_lead(Database& database, const Token& token) {
  return change(database, "update leader set renewed_at = clock_timestamp() where token = $1", token.text) == 1;
}

Standing take_lead(Database& database, const Candidate& candidate) {
  const bool is_renewed =
      change(database, "update leader set renewed_at = clock_timestamp(), lease = $2 where token = $1",
             candidate.token.text, candidate.lease) == 1;
  if (!is_renewed && holds_lock(database, candidate.tag))
    return {.leads = true, .leader = become_leader(database, candidate)};
  const auto row = query(database, leader_query);
  if (!row->next()) return {};  // another host has the lock, and is about to write who it is
  Leader leader = read_leader(*row);
  if (!is_renewed && leader.has_lapsed) end_session_of_leader(database);
  return {.leads = is_renewed, .leader = std::move(leader)};
}

void give_up_lead(Database& database, const Token& token) {
  change(database, "update leader set token = null where token = $1", token.text);
  query(database, "select pg_advisory_unlock_all()");  // the server may notice the end of the session only later
}

bool leads(Database& database, const Token& token) {
  return ask<std::int64_t>(database, "select count(*) from leader where token = $1", token.text) == 1;
}

std::optional<std::int64_t> begin_commit(Database& database, const Token& token) {
  return ask<std::int64_t>(database,
                           "update leader set commits = commits + 1, renewed_at = clock_timestamp() where token = $1 "
                           "returning commits",
                           token.text);
}

// `for update` waits for the end of the lost session's transaction.
bool was_committed(Database& database, const Token& token, std::int64_t number) {
  return ask<std::int64_t>(database, "select commits from leader where token = $1 for update", token.text)
             .value_or(0) >= number;
}

Expected<void> hold(Database& database, const Lead& lead) { return check(database, lead, "for share"); }

Hosts read_hosts(Database& database) {
  Hosts hosts;
  if (const auto row = query(database, leader_query); row->next()) {
    const Leader leader = read_leader(*row);
    hosts.owner = leader.owner;
    if (!row->text(6).empty()) hosts.leader = leader;
  }
  const auto rows = query(database,
                          "select id, name, process, floor(extract(epoch from seen_at)) from hosts "
                          "where seen_at > clock_timestamp() - $1 * interval '1 second' order by name, id",
                          standbys_are_shown);
  while (rows->next()) {
    Host host{get<std::string>(*rows, 0), get<std::string>(*rows, 1), rows->integer(2)};
    if (!hosts.leader || hosts.leader->host.id != host.id)
      hosts.standbys.push_back({.host = std::move(host), .seen = get<Instant>(*rows, 3)});
  }
  return hosts;
}

Expected<void> confirm(const Lead& lead) {
  try {
    return check(*open_postgres(lead.place.server, lead.place.tag, PostgresMode::read), lead, "");
  } catch (const std::exception& error) {
    return failure(fmt::format("not carried out, because {} does not say whether this host still leads: {}",
                               lead.place.described(), error.what()));
  }
}

Millis clock_ahead(Database& database) {
  const Millis there{
      ask<std::int64_t>(database, "select floor(extract(epoch from clock_timestamp()) * 1000)").value_or(0)};
  return there - std::chrono::floor<Millis>(std::chrono::system_clock::now().time_since_epoch());
}

Expected<Millis> clock_ahead(const JournalPlace& place) {
  if (!place.is_shared()) return Millis{0};
  try {
    return clock_ahead(*open_postgres(place.server, place.tag, PostgresMode::read));
  } catch (const std::exception& error) {
    return failure(fmt::format("{}: {}", place.described(), error.what()));
  }
}

Expected<std::vector<Tag>> tags_at(const std::string& server) {
  try {
    const Tag any;
    const auto database = open_postgres(server, any, PostgresMode::read);
    const std::string prefix = schema_name(any);
    const auto rows =
        query(*database, "select nspname from pg_namespace where starts_with(nspname, $1) order by 1", prefix);
    std::vector<Tag> tags;
    while (rows->next()) tags.push_back(Tag{std::string(rows->text(0).substr(prefix.size()))});
    return tags;
  } catch (const std::exception& error) {
    return failure(fmt::format("{}: {}", io::shown_connection(server), error.what()));
  }
}

Expected<std::optional<Hosts>> hosts_of(const JournalPlace& place, const std::atomic<bool>* give_up) {
  if (!place.is_shared()) return std::nullopt;
  try {
    const auto database = open_postgres(place.server, place.tag, PostgresMode::read, give_up);
    if (const auto fits = check_schema(*database); !fits) throw DatabaseError("it " + fits.error().message);
    if (!has_host_tables(*database)) return Hosts{};
    return read_hosts(*database);
  } catch (const std::exception& error) {
    return failure(fmt::format("{}: {}", place.described(), error.what()));
  }
}

}  // namespace hydra_provisioner::state
