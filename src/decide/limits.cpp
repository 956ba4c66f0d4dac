#include "decide/limits.hpp"

#include <algorithm>
#include <string>
#include <vector>

#include <fmt/format.h>
#include <fmt/ranges.h>

namespace hydra_provisioner::decide {
namespace {

void apply_schedule(PoolConfig& pool, const ScheduledLimits& scheduled, std::vector<std::string>& sources) {
  if (scheduled.period.empty()) return;
  pool.min_machines = scheduled.min_machines.value_or(pool.min_machines);
  pool.max_machines = scheduled.max_machines.value_or(pool.max_machines);
  pool.spare_machines = scheduled.spare_machines.value_or(pool.spare_machines);
  sources.push_back(fmt::format("schedule {}", scheduled.period));
}

void apply_order(std::int64_t& limit, OrderKind kind, const PoolName& pool, const Snapshot& seen,
                 std::vector<std::string>& sources) {
  const Order* order = order_in_force(seen.orders, kind, pool.text, seen.now);
  if (order == nullptr) return;
  limit = order->value;
  sources.push_back(fmt::format("{} ordered by {}", to_string(kind), giver_of(*order)));
}

}  // namespace

std::optional<LimitsInForce> limits_in_force(const PoolConfig& configured, const Snapshot& seen) {
  const auto jobs = seen.max_jobs.find(configured.name);
  const bool are_jobs_known = configured.jobs_by_machine && jobs != seen.max_jobs.end();
  if (seen.orders.empty() && !seen.scheduled.contains(configured.name) && !are_jobs_known) return std::nullopt;
  LimitsInForce limits{.pool = configured, .source = {}, .of_maximum = {}};
  PoolConfig& pool = limits.pool;
  if (are_jobs_known) pool.max_jobs = jobs->second;
  std::vector<std::string> sources;
  if (const auto scheduled = seen.scheduled.find(pool.name); scheduled != seen.scheduled.end())
    apply_schedule(pool, scheduled->second, sources);
  const bool is_maximum_scheduled = pool.max_machines != configured.max_machines;
  apply_order(pool.max_machines, OrderKind::max_machines, pool.name, seen, sources);
  if (is_maximum_scheduled || pool.max_machines != configured.max_machines) limits.of_maximum = sources.back();
  apply_order(pool.min_machines, OrderKind::min_machines, pool.name, seen, sources);
  pool.min_machines = std::min(pool.min_machines, pool.max_machines);
  if (sources.empty()) return are_jobs_known ? std::optional(std::move(limits)) : std::nullopt;
  const std::string spare =
      pool.spare_machines != configured.spare_machines ? fmt::format(", {} spare", pool.spare_machines) : "";
  limits.source =
      fmt::format("{} to {} machines{}: {}", pool.min_machines, pool.max_machines, spare, fmt::join(sources, ", "));
  return limits;
}

}  // namespace hydra_provisioner::decide
