#include "review/limits.hpp"

#include <utility>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "decide/limits.hpp"
#include "io/text/json.hpp"
#include "io/text/local_time.hpp"
#include "io/text/printable.hpp"

namespace hydra_provisioner::review {
namespace {

// An order precedes a schedule, and a schedule the configuration.
Limit limit(OrderKind kind, std::int64_t value, std::optional<std::int64_t> ScheduledLimits::* scheduled_value,
            const PoolName& pool, const Snapshot& seen) {
  Limit limit{.name = std::string(to_string(kind)), .value = value, .source = "of the configuration", .until = {}};
  const auto scheduled = seen.scheduled.find(pool);
  if (const Order* order = order_in_force(seen.orders, kind, pool.text, seen.now)) {
    limit.source = "ordered by " + giver_of(*order);
    limit.until = order->until;
  } else if (scheduled != seen.scheduled.end()) {
    if (scheduled->second.*scheduled_value) limit.source = fmt::format("of schedule {}", scheduled->second.period);
    limit.until = scheduled->second.until;
  }
  return limit;
}

}  // namespace

std::vector<Limit> limits_of(const PoolConfig& configured, const Snapshot& seen) {
  const auto other = decide::limits_in_force(configured, seen);
  const PoolConfig& pool = other ? other->pool : configured;
  return {limit(OrderKind::min_machines, pool.min_machines, &ScheduledLimits::min_machines, pool.name, seen),
          limit(OrderKind::max_machines, pool.max_machines, &ScheduledLimits::max_machines, pool.name, seen)};
}

nlohmann::json limit_documents(const std::vector<Limit>& limits) {
  io::Json documents = io::Json::array();
  for (const auto& [name, value, source, until] : limits)
    documents.push_back({{"limit", name},
                         {"value", value},
                         {"source", source},
                         {"until", until ? io::Json(to_unix(*until)) : io::Json(nullptr)}});
  return documents;
}

std::string limit_lines(const std::vector<Limit>& limits) {
  std::string text;
  for (const auto& [name, value, source, until] : limits)
    text += fmt::format("  {} {} {}{}\n", name, value, io::printable_line(source),
                        until ? fmt::format(", until {}", io::local_time(*until)) : "");
  return text;
}

}  // namespace hydra_provisioner::review
