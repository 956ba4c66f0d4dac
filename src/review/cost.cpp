#include "review/cost.hpp"

#include <cmath>
#include <utility>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "io/text/json.hpp"
#include "io/text/local_time.hpp"
#include "io/text/money.hpp"

namespace hydra_provisioner::review {
namespace {

constexpr std::int64_t hour = 3600;

void add(state::Usage& sum, const state::Usage& part) {
  sum.boot += part.boot;
  sum.busy += part.busy;
  sum.idle += part.idle;
  sum.drain += part.drain;
  sum.stopped += part.stopped;
  sum.stopped_cost += part.stopped_cost;
}

PoolCost sum_of(const std::map<PoolName, PoolCost>& costs) {
  PoolCost sum;
  for (const auto& [pool, cost] : costs) {
    add(sum.hours, cost.hours);
    sum.unpriced += cost.unpriced;
    if (cost.money) sum.money = Micros{sum.money.value_or(Micros{}).n + cost.money->n};
  }
  return sum;
}

std::string row(const std::string& name, const PoolCost& cost, const std::string& currency) {
  const state::Usage& hours = cost.hours;
  std::string money = cost.money ? io::money_text(*cost.money, currency) : "-";
  if (cost.money && cost.unpriced > Seconds{0})
    money += fmt::format(" and {:.2f} h without a price", hours_in(cost.unpriced));
  return fmt::format("{:<28} {:>9.2f} {:>9.2f} {:>9.2f} {:>9.2f} {:>9.2f} {:>9.2f}  {:>10}\n", name,
                     hours_in(hours.boot), hours_in(hours.busy), hours_in(hours.idle), hours_in(hours.drain),
                     hours_in(hours.paid()), hours_in(hours.stopped), money);
}

nlohmann::json document_of(const PoolCost& cost) {
  const state::Usage& hours = cost.hours;
  return {{"bootSeconds", hours.boot.count()},
          {"busySeconds", hours.busy.count()},
          {"idleSeconds", hours.idle.count()},
          {"drainSeconds", hours.drain.count()},
          {"totalSeconds", hours.paid().count()},
          {"stoppedSeconds", hours.stopped.count()},
          {"unpricedSeconds", cost.unpriced.count()},
          {"microMoney", cost.money ? io::Json(cost.money->n) : io::Json(nullptr)}};
}

}  // namespace

std::map<PoolName, PoolCost> costs_of(const std::vector<state::UsageAt>& usage) {
  std::map<PoolName, PoolCost> costs;
  std::map<std::pair<PoolName, Micros>, Seconds> priced;  // multiplied once, so that rounding errors do not add up
  for (const auto& [began, part] : usage) {
    PoolCost& cost = costs[part.pool];
    add(cost.hours, part);
    if (part.price_per_hour) {
      priced[{part.pool, *part.price_per_hour}] += part.paid();
    } else {
      cost.unpriced += part.paid();
    }
  }
  for (const auto& [which, span] : priced) {
    Micros& money = costs[which.first].money.emplace(costs[which.first].money.value_or(Micros{}));
    // Whole hours and the rest are multiplied apart: a product of micro-units and seconds can exceed 64 bits.
    money.n += which.second.n * (span.count() / hour);
    money.n += (which.second.n * (span.count() % hour) + hour / 2) / hour;
  }
  for (auto& [pool, cost] : costs) {
    if (cost.hours.stopped_cost > 0)
      cost.money = Micros{cost.money.value_or(Micros{}).n + std::llround(cost.hours.stopped_cost)};
  }
  return costs;
}

std::string currency_of(const state::Archive& archive, const state::ArchivedPass& pass) {
  const auto config = io::parse_json(archive.fact(pass, "config").value_or("{}"));
  return config ? config->value("currency", "") : "";
}

nlohmann::json cost_document(const std::map<PoolName, PoolCost>& costs, Seconds unknown, Instant since,
                             const std::string& currency) {
  io::Json pools = io::Json::array();
  for (const auto& [name, cost] : costs) {
    io::Json pool = document_of(cost);
    pool["name"] = name.text;
    pools.push_back(std::move(pool));
  }
  return {{"formatVersion", 1},
          {"since", to_unix(since)},
          {"pools", std::move(pools)},
          {"sum", document_of(sum_of(costs))},
          {"currency", currency.empty() ? io::Json(nullptr) : io::Json(currency)},
          {"unknownSeconds", unknown.count()}};
}

std::string cost_text(const std::map<PoolName, PoolCost>& costs, Seconds unknown, Instant since,
                      const std::string& currency) {
  std::string text = fmt::format("Machine-hours since {}\n", io::local_time(since));
  text += fmt::format("{:<28} {:>9} {:>9} {:>9} {:>9} {:>9} {:>9}  {:>10}\n", "", "boot", "busy", "idle", "drain",
                      "total", "stopped", "money");
  for (const auto& [name, cost] : costs) text += row(name.text, cost, currency);
  text += row("sum", sum_of(costs), currency);
  if (unknown > Seconds{0})
    text += fmt::format("Nothing is known of {:.2f} h, in which there was no pass for more than an hour at a time.\n",
                        hours_in(unknown));
  return text;
}

}  // namespace hydra_provisioner::review
