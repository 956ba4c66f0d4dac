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

// Only where there are any, or a schedule says that there are none. No order changes them.
void add_spare(std::vector<Limit>& limits, const PoolConfig& pool, const Snapshot& seen) {
  const auto scheduled = seen.scheduled.find(pool.name);
  const bool is_scheduled = scheduled != seen.scheduled.end() && scheduled->second.spare_machines;
  if (pool.spare_machines == 0 && !is_scheduled) return;
  limits.push_back(
      {.name = "spareMachines",
       .value = pool.spare_machines,
       .source = is_scheduled ? fmt::format("of schedule {}", scheduled->second.period) : "of the configuration",
       .until = scheduled == seen.scheduled.end() ? std::nullopt : scheduled->second.until});
}

}  // namespace

std::vector<Limit> limits_of(const PoolConfig& configured, const Snapshot& seen) {
  const auto other = decide::limits_in_force(configured, seen);
  const PoolConfig& pool = other ? other->pool : configured;
  std::vector<Limit> limits{
      limit(OrderKind::min_machines, pool.min_machines, &ScheduledLimits::min_machines, pool.name, seen),
      limit(OrderKind::max_machines, pool.max_machines, &ScheduledLimits::max_machines, pool.name, seen)};
  add_spare(limits, pool, seen);
  return limits;
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
