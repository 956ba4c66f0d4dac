#include "pass/usage.hpp"

#include <algorithm>
#include <map>
#include <utility>

#include "decide/idleness.hpp"

namespace hydra_provisioner::pass {
namespace {

template <class AnyUsage>
auto& column_of(AnyUsage& usage, Use use) {
  switch (use) {
    case Use::boot:
      return usage.boot;
    case Use::busy:
      return usage.busy;
    case Use::idle:
      return usage.idle;
    case Use::stopped:
      return usage.stopped;
    case Use::drain:
      break;
  }
  return usage.drain;
}

// Two pools of a plan may have one name, one of them retired.
void add_steps(state::Load& load, const PoolPlan& pool, Seconds span) {
  load.waiting += pool.runnable * span;
  load.running += pool.running * span;
  load.most_waiting += pool.runnable;
}

void add_machines(state::Load& load, const state::Usage& usage) {
  load.boot += usage.boot;
  load.busy += usage.busy;
  load.idle += usage.idle;
  load.drain += usage.drain;
  if (!usage.price_per_hour) return;
  load.cost += static_cast<double>(usage.price_per_hour->n) * hours_in(usage.paid()) + usage.stopped_cost;
}

// That of a pool at the same time.
void add(state::Load& farm, const state::Load& load) {
  farm.waiting += load.waiting;
  farm.running += load.running;
  farm.most_waiting += load.most_waiting;
  farm.longest_wait = std::max(farm.longest_wait, load.longest_wait);
  farm.boot += load.boot;
  farm.busy += load.busy;
  farm.idle += load.idle;
  farm.drain += load.drain;
  farm.cost += load.cost;
}

}  // namespace

Seconds time_of(const state::Usage& usage, Use use) { return column_of(usage, use); }

Use use_of(const Machine& machine, const Queue& queue) {
  switch (machine.state) {
    case MachineState::requested:
    case MachineState::creating:
      return Use::boot;
    case MachineState::ready:
      return !queue || decide::idleness(machine, *queue).is_busy() ? Use::busy : Use::idle;
    case MachineState::stopped:
      return Use::stopped;
    default:
      return Use::drain;
  }
}

std::optional<Micros> price_of(const PoolConfig& pool, Use use) {
  return use == Use::stopped && pool.price_per_hour ? pool.stopped_price_per_hour.value_or(Micros{0})
                                                    : pool.price_per_hour;
}

std::optional<Micros> price_of(const PoolName& pool, Use use, const std::vector<PoolConfig>& retired,
                               const Config& config) {
  if (const auto found = config.pools.find(pool); found != config.pools.end()) return price_of(found->second, use);
  const auto found = std::ranges::find(retired, pool, &PoolConfig::name);
  return found == retired.end() ? std::nullopt : price_of(*found, use);
}

std::optional<double> cost_of(const state::Usage& usage, Use use) {
  constexpr double micros_in_unit = 1e6;
  if (use == Use::stopped)
    return usage.stopped_cost > 0 ? std::optional(usage.stopped_cost / micros_in_unit) : std::nullopt;
  if (!usage.price_per_hour) return std::nullopt;
  return units_in(*usage.price_per_hour) * hours_in(time_of(usage, use));
}

std::vector<state::Usage> usage_of(const Snapshot& seen, const Config& config, Seconds span) {
  std::map<PoolName, state::Usage> pools;
  for (const Machine& machine : seen.machines) column_of(pools[machine.pool], use_of(machine, seen.queue)) += span;
  std::vector<state::Usage> all;
  for (auto& [name, usage] : pools) {
    usage.pool = name;
    usage.price_per_hour = price_of(name, Use::busy, seen.retired, config);
    const Micros stopped = price_of(name, Use::stopped, seen.retired, config).value_or(Micros{0});
    usage.stopped_cost = static_cast<double>(stopped.n) * hours_in(usage.stopped);
    all.push_back(std::move(usage));
  }
  return all;
}

std::vector<state::Load> load_of(const std::vector<state::Usage>& usage, const Plan& plan,
                                 const std::map<PoolName, Instant>& waiting, Seconds span) {
  if (span == Seconds{0}) return {};
  std::map<PoolName, state::Load> pools;
  for (const PoolPlan& pool : plan.pools) add_steps(pools[pool.name], pool, span);
  for (const state::Usage& used : usage) add_machines(pools[used.pool], used);
  state::Load farm;
  for (auto& [name, load] : pools) {
    load.pool = name;
    if (const auto since = waiting.find(name); since != waiting.end())
      load.longest_wait = std::max(plan.time - since->second, Seconds{0});
    add(farm, load);
  }
  std::vector<state::Load> all{std::move(farm)};
  for (auto& [name, load] : pools) all.push_back(std::move(load));
  for (state::Load& load : all) {
    load.observed = span;
    if (plan.untrusted) load.untrusted = span;
  }
  return all;
}

}  // namespace hydra_provisioner::pass
