#include "state/pass_rows.hpp"

#include <algorithm>
#include <chrono>
#include <cmath>
#include <vector>

#include <SQLiteCpp/Database.h>
#include <SQLiteCpp/Statement.h>
#include <fmt/format.h>

namespace hydra_provisioner::state {
namespace {

constexpr std::int64_t passes_kept = 20'000;
constexpr Seconds passes_remembered{14 * 86400};
constexpr Seconds short_spans_remembered{48 * 3600};
constexpr std::int64_t no_price = -1;

std::int64_t write_row(SQLite::Database& database, const PassRecord& pass) {
  SQLite::Statement row(database,
                        "insert into passes (start, duration, clocks, plan_hash, trouble) values (?, ?, ?, ?, ?)");
  row.bind(1, to_unix(pass.start));
  row.bind(2, static_cast<std::int64_t>(pass.duration.count()));
  row.bind(3, pass.clocks_json);
  row.bind(4, static_cast<std::int64_t>(pass.plan_hash));
  row.bind(5, pass.trouble);
  row.exec();
  return database.getLastInsertRowid();
}

// Both sides are in the order of their names.
void write_facts(SQLite::Database& database, std::int64_t pass, const Facts& facts) {
  std::vector<std::string> ended;
  std::vector<Facts::const_iterator> begun;
  auto next = facts.begin();
  SQLite::Statement known(database,
                          "select name, value from facts indexed by facts_now where until is null "
                          "order by name");
  while (known.executeStep()) {
    const auto text = [&](int column) {
      const SQLite::Column found = known.getColumn(column);
      return std::string_view(found.getText(), static_cast<std::size_t>(found.getBytes()));
    };
    for (; next != facts.end() && next->first < text(0); ++next) begun.push_back(next);
    const bool is_there = next != facts.end() && next->first == text(0);
    if (is_there && next->second == text(1)) {
      ++next;
      continue;
    }
    ended.emplace_back(text(0));
    if (is_there) begun.push_back(next++);
  }
  for (; next != facts.end(); ++next) begun.push_back(next);

  SQLite::Statement end(database, "update facts indexed by facts_now set until = ? where name = ? and until is null");
  for (const std::string& name : ended) {
    end.reset();
    end.bind(1, pass);
    end.bind(2, name);
    end.exec();
  }
  SQLite::Statement begin(database, "insert into facts (name, since, value) values (?, ?, ?)");
  for (const auto fact : begun) {
    begin.reset();
    begin.bind(1, fact->first);
    begin.bind(2, pass);
    begin.bind(3, fact->second);
    begin.exec();
  }
}

void write_usage(SQLite::Database& database, const PassRecord& pass) {
  SQLite::Statement row(database,
                        "insert into usage values (?, ?, ?, ?, ?, ?, ?, ?) on conflict do update set "
                        "boot = boot + excluded.boot, busy = busy + excluded.busy, idle = idle + excluded.idle, "
                        "drain = drain + excluded.drain, stopped = stopped + excluded.stopped");
  for (const Usage& usage : pass.usage) {
    row.reset();
    row.bind(1, to_unix(pass.start) / 3600 * 3600);
    row.bind(2, usage.pool.text);
    row.bind(3, usage.price_per_hour ? usage.price_per_hour->n : no_price);
    int column = 3;
    for (const Seconds span : {usage.boot, usage.busy, usage.idle, usage.drain, usage.stopped})
      row.bind(++column, static_cast<std::int64_t>(span.count()));
    row.exec();
  }
  if (pass.unknown == Seconds{0}) return;
  database.exec(fmt::format("insert into gaps values ({}, {})", to_unix(pass.start), pass.unknown.count()));
}

void write_load(SQLite::Database& database, const PassRecord& pass) {
  SQLite::Statement row(database,
                        "insert into load values (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?) on conflict do update set "
                        "observed = observed + excluded.observed, untrusted = untrusted + excluded.untrusted, "
                        "waiting = waiting + excluded.waiting, running = running + excluded.running, "
                        "most_waiting = max(most_waiting, excluded.most_waiting), "
                        "longest_wait = max(longest_wait, excluded.longest_wait), boot = boot + excluded.boot, "
                        "busy = busy + excluded.busy, idle = idle + excluded.idle, drain = drain + excluded.drain, "
                        "cost = cost + excluded.cost");
  for (const Seconds span : {short_load_span, long_load_span}) {
    for (const Load& load : pass.load) {
      row.reset();
      row.bind(1, static_cast<std::int64_t>(span.count()));
      row.bind(2, to_unix(pass.start) / span.count() * span.count());
      row.bindNoCopy(3, load.pool.text);
      int column = 3;
      for (const std::int64_t figure : {load.observed.count(), load.untrusted.count(), load.waiting.count(),
                                        load.running.count(), load.most_waiting, load.longest_wait.count(),
                                        load.boot.count(), load.busy.count(), load.idle.count(), load.drain.count()})
        row.bind(++column, figure);
      row.bind(++column, load.cost);
      row.exec();
    }
  }
}

void forget_load(SQLite::Database& database, Seconds span, Instant before) {
  database.exec(fmt::format("delete from load where span = {} and time < {}", span.count(), to_unix(before)));
}

void forget_old(SQLite::Database& database, std::int64_t pass, Instant now, Seconds history) {
  const auto forgotten =
      database.exec(fmt::format("delete from passes where id <= {} or start < {}", pass - passes_kept,
                                to_unix(now - std::min(passes_remembered, history))));
  if (forgotten == 0) return;
  database.exec("delete from facts where until <= (select min(id) from passes)");
  for (const char* column : {"usage where hour", "gaps where time"})
    database.exec(fmt::format("delete from {} < {}", column, to_unix(now - history)));
  forget_load(database, long_load_span, now - history);
}

}  // namespace

void write_pass(SQLite::Database& database, const PassRecord& pass) {
  const std::int64_t id = write_row(database, pass);
  write_facts(database, id, pass.facts);
  write_usage(database, pass);
  write_load(database, pass);
  forget_load(database, short_load_span, pass.start - short_spans_remembered);
  forget_old(database, id, pass.start, pass.history);
}

Spending read_spending(SQLite::Database& database, const std::set<Instant>& since) {
  Spending spent;
  for (const Instant time : since) {
    SQLite::Statement rows(database,
                           "select pool, sum(price * (boot + busy + idle + drain) / 3600.0) from usage "
                           "where hour >= ? and price >= 0 group by pool");
    rows.bind(1, to_unix(std::chrono::floor<std::chrono::hours>(time)));
    auto& pools = spent[time];
    while (rows.executeStep())
      pools.emplace(rows.getColumn(0).getString(), Micros{std::llround(rows.getColumn(1).getDouble())});
  }
  return spent;
}

Facts read_facts(SQLite::Database& database, std::int64_t pass) {
  SQLite::Statement rows(database, "select name, value from facts where since <= ?1 and (until is null or until > ?1)");
  rows.bind(1, pass);
  Facts facts;
  while (rows.executeStep()) facts.emplace(rows.getColumn(0).getString(), rows.getColumn(1).getString());
  return facts;
}

}  // namespace hydra_provisioner::state
