#include "state/pass_rows.hpp"

#include <algorithm>
#include <chrono>
#include <cmath>
#include <vector>

#include <fmt/format.h>

#include "state/database/fields.hpp"

namespace hydra_provisioner::state {
namespace {

constexpr std::int64_t passes_kept = 20'000;
constexpr Seconds passes_remembered{14 * 86400};
constexpr Seconds short_spans_remembered{48 * 3600};
constexpr std::int64_t no_price = -1;

std::int64_t write_row(Database& database, const PassRecord& pass) {
  return ask<std::int64_t>(database,
                           "insert into passes (start, duration, clocks, plan_hash, trouble) "
                           "values ($1, $2, $3, $4, $5) returning id",
                           pass.start, pass.duration, pass.clocks_json, static_cast<std::int64_t>(pass.plan_hash),
                           pass.trouble)
      .value();
}

// Both sides are in the order of their names.
void write_facts(Database& database, std::int64_t pass, const Facts& facts) {
  const std::string now = "facts" + database.indexed_by("facts_now");
  std::vector<std::string> ended;
  std::vector<Facts::const_iterator> begun;
  auto next = facts.begin();
  const auto known = query(database, fmt::format("select name, value from {} where until is null order by name", now));
  while (known->next()) {
    const std::string_view name = known->text(0);
    for (; next != facts.end() && next->first < name; ++next) begun.push_back(next);
    const bool is_there = next != facts.end() && next->first == name;
    if (is_there && next->second == known->text(1)) {
      ++next;
      continue;
    }
    ended.emplace_back(name);
    if (is_there) begun.push_back(next++);
  }
  for (; next != facts.end(); ++next) begun.push_back(next);

  const std::string end = fmt::format("update {} set until = $1 where name = $2 and until is null", now);
  for (const std::string& name : ended) execute(database, end, pass, name);
  for (const auto& fact : begun)
    execute(database, "insert into facts (name, since, value) values ($1, $2, $3)", fact->first, pass, fact->second);
}

void write_usage(Database& database, const PassRecord& pass) {
  for (const Usage& usage : pass.usage) {
    execute(database,
            "insert into usage (hour, pool, price, boot, busy, idle, drain, stopped, stopped_cost) "
            "values ($1, $2, $3, $4, $5, $6, $7, $8, $9) on conflict (hour, pool, price) do update set "
            "boot = usage.boot + excluded.boot, busy = usage.busy + excluded.busy, idle = usage.idle + excluded.idle, "
            "drain = usage.drain + excluded.drain, stopped = usage.stopped + excluded.stopped, "
            "stopped_cost = usage.stopped_cost + excluded.stopped_cost",
            std::chrono::floor<std::chrono::hours>(pass.start), usage.pool,
            usage.price_per_hour ? usage.price_per_hour->n : no_price, usage.boot, usage.busy, usage.idle, usage.drain,
            usage.stopped, usage.stopped_cost);
  }
  if (pass.unknown == Seconds{0}) return;
  execute(database, "insert into gaps (time, duration) values ($1, $2)", pass.start, pass.unknown);
}

void write_load(Database& database, const PassRecord& pass) {
  for (const Seconds span : {short_load_span, long_load_span}) {
    for (const Load& load : pass.load) {
      execute(database,
              "insert into load (span, time, pool, observed, untrusted, waiting, running, most_waiting, longest_wait, "
              "boot, busy, idle, drain, cost) values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14) "
              "on conflict (span, time, pool) do update set "
              "observed = load.observed + excluded.observed, untrusted = load.untrusted + excluded.untrusted, "
              "waiting = load.waiting + excluded.waiting, running = load.running + excluded.running, "
              "most_waiting = case when load.most_waiting > excluded.most_waiting then load.most_waiting "
              "else excluded.most_waiting end, "
              "longest_wait = case when load.longest_wait > excluded.longest_wait then load.longest_wait "
              "else excluded.longest_wait end, "
              "boot = load.boot + excluded.boot, busy = load.busy + excluded.busy, idle = load.idle + excluded.idle, "
              "drain = load.drain + excluded.drain, cost = load.cost + excluded.cost",
              span, to_unix(pass.start) / span.count() * span.count(), load.pool, load.observed, load.untrusted,
              load.waiting, load.running, load.most_waiting, load.longest_wait, load.boot, load.busy, load.idle,
              load.drain, load.cost);
    }
  }
}

void forget_load(Database& database, Seconds span, Instant before) {
  execute(database, "delete from load where span = $1 and time < $2", span, before);
}

void forget_old(Database& database, std::int64_t pass, Instant now, Seconds history) {
  const auto forgotten = change(database, "delete from passes where id <= $1 or start < $2", pass - passes_kept,
                                now - std::min(passes_remembered, history));
  if (forgotten == 0) return;
  execute(database, "delete from facts where until <= (select min(id) from passes)");
  execute(database, "delete from usage where hour < $1", now - history);
  execute(database, "delete from gaps where time < $1", now - history);
  forget_load(database, long_load_span, now - history);
}

}  // namespace

void write_pass(Database& database, const PassRecord& pass) {
  const std::int64_t id = write_row(database, pass);
  write_facts(database, id, pass.facts);
  write_usage(database, pass);
  write_load(database, pass);
  forget_load(database, short_load_span, pass.start - short_spans_remembered);
  forget_old(database, id, pass.start, pass.history);
}

Spending read_spending(Database& database, const std::set<Instant>& since) {
  Spending spent;
  for (const Instant time : since) {
    const auto rows = query(database,
                            "select pool, sum(price * (boot + busy + idle + drain) / 3600.0 + stopped_cost) from usage "
                            "where hour >= $1 and price >= 0 group by pool",
                            std::chrono::floor<std::chrono::hours>(time));
    auto& pools = spent[time];
    while (rows->next()) pools.emplace(get<std::string>(*rows, 0), Micros{std::llround(rows->real(1))});
  }
  return spent;
}

Facts read_facts(Database& database, std::int64_t pass) {
  const auto rows =
      query(database, "select name, value from facts where since <= $1 and (until is null or until > $1)", pass);
  Facts facts;
  while (rows->next()) facts.emplace(rows->text(0), rows->text(1));
  return facts;
}

}  // namespace hydra_provisioner::state
