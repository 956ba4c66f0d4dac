#include "metrics/gauges.hpp"

#include <algorithm>
#include <array>
#include <cstddef>
#include <iterator>
#include <map>
#include <optional>
#include <unordered_map>
#include <utility>

#include "decide/limits.hpp"
#include "pass/usage.hpp"

namespace hydra_provisioner::metrics {
namespace {

// A queue may name step types without end. So many are shown one by one, and the others together.
constexpr std::size_t step_types_max = 20;

double number(std::int64_t count) { return static_cast<double>(count); }
double number(bool is_so) { return is_so ? 1 : 0; }
double number(Instant time) { return number(to_unix(time)); }

std::string text(auto value) { return std::string(to_string(value)); }

void of_each_pool(const Farm& farm, Values& values, std::int64_t PoolPlan::* member) {
  for (const PoolPlan& pool : farm.report.plan.pools) values.push_back({{pool.name.text}, number(pool.*member)});
}

// By a pool and another name. There are many more machines than these.
using Sums = std::map<std::pair<std::string_view, std::string_view>, double>;

// `more` are the labels behind these two.
void add_sums(const Sums& sums, Values& values, const Labels& more = {}) {
  for (const auto& [names, sum] : sums) {
    Labels labels{std::string(names.first), std::string(names.second)};
    std::ranges::copy(more, std::back_inserter(labels));
    values.push_back({std::move(labels), sum});
  }
}

bool exists(const Machine& machine) { return machine.state != MachineState::gone; }

struct Limit {
  std::int64_t value;
  std::string_view source;
};

// The configuration's, unless an order or a schedule gives another.
Limit limit_of(const PoolConfig& pool, const Snapshot& seen, OrderKind kind, std::int64_t in_force,
               std::optional<std::int64_t> ScheduledLimits::* scheduled) {
  if (order_in_force(seen.orders, kind, pool.name.text, seen.now) != nullptr) return {in_force, "order"};
  const auto schedule = seen.scheduled.find(pool.name);
  const bool is_scheduled = schedule != seen.scheduled.end() && schedule->second.*scheduled;
  return {in_force, is_scheduled ? "schedule" : "configuration"};
}

// Calls show(machine) for every machine that exists, if the metrics of machines are wanted.
template <class Show>
void of_each_machine(const Farm& farm, const Show& show) {
  if (!farm.config.metrics.of_each_machine) return;
  for (const auto& [id, machine] : farm.report.machines) {
    if (exists(machine)) show(machine);
  }
}

}  // namespace

void queue_trusted(const Farm& farm, Values& values) { values.push_back({{}, number(!farm.report.plan.untrusted)}); }

void queue_status_time(const Farm& farm, Values& values) {
  const Queue& queue = farm.report.look.seen.queue;
  if (queue) values.push_back({{}, number(queue->time)});
}

void runnable_steps(const Farm& farm, Values& values) { of_each_pool(farm, values, &PoolPlan::runnable); }
void running_steps(const Farm& farm, Values& values) { of_each_pool(farm, values, &PoolPlan::running); }

void waiting_time(const Farm& farm, Values& values) {
  for (const auto& [pool, since] : farm.report.waiting) values.push_back({{pool.text}, number(since)});
}

void unplaceable_steps(const Farm& farm, Values& values) {
  std::size_t shown = 0;
  for (const Unplaceable& steps : farm.report.plan.unplaceable)
    values.push_back({{++shown > step_types_max ? "others" : steps.step_type}, number(steps.runnable)});
}

void machines_by_state(const Farm& farm, Values& values) {
  std::unordered_map<std::string_view, std::array<double, names_of<MachineState>.size()>> counts;
  for (const PoolPlan& pool : farm.report.plan.pools) counts[pool.name.text] = {};
  for (const auto& [id, machine] : farm.report.machines)
    if (exists(machine)) ++counts[machine.pool.text].at(static_cast<std::size_t>(machine.state));
  for (const auto& [pool, by_state] : counts) {
    for (std::size_t state = 0; state < by_state.size(); ++state) {
      if (static_cast<MachineState>(state) == MachineState::gone) continue;
      values.push_back({{std::string(pool), std::string(names_of<MachineState>.at(state))}, by_state.at(state)});
    }
  }
}

void listed_machines(const Farm& farm, Values& values) {
  std::unordered_map<std::string_view, double> counts;
  for (const PoolPlan& pool : farm.report.plan.pools) counts[pool.name.text] = 0;
  for (const auto& [id, machine] : farm.report.machines) {
    if (exists(machine) && machine.listing.is_listed) ++counts[machine.pool.text];
  }
  for (const auto& [pool, count] : counts) values.push_back({{std::string(pool)}, count});
}

void unhealthy_machines(const Farm& farm, Values& values) { of_each_pool(farm, values, &PoolPlan::unhealthy); }
void wanted_machines(const Farm& farm, Values& values) { of_each_pool(farm, values, &PoolPlan::wanted); }
void target_machines(const Farm& farm, Values& values) { of_each_pool(farm, values, &PoolPlan::target); }

void limits(const Farm& farm, Values& values) {
  const Snapshot& seen = farm.report.look.seen;
  for (const auto& [name, configured] : farm.config.pools) {
    const auto adjusted = decide::limits_in_force(configured, seen);
    const PoolConfig& pool = adjusted ? adjusted->pool : configured;
    const auto min = limit_of(pool, seen, OrderKind::min_machines, pool.min_machines, &ScheduledLimits::min_machines);
    const auto max = limit_of(pool, seen, OrderKind::max_machines, pool.max_machines, &ScheduledLimits::max_machines);
    values.push_back({{name.text, "min", std::string(min.source)}, number(min.value)});
    values.push_back({{name.text, "max", std::string(max.source)}, number(max.value)});
  }
}

void holds(const Farm& farm, Values& values) {
  for (const PoolPlan& pool : farm.report.plan.pools) {
    if (pool.held) values.push_back({{pool.name.text, text(*pool.held)}, 1});
  }
}

void budgets(const Farm& farm, Values& values) {
  for (const BudgetUse& budget : farm.report.look.seen.budgets)
    values.push_back({{budget.pool ? budget.pool->text : "", text(budget.period)}, number(budget.percent) / 100});
}

void operations_under_way(const Farm& farm, Values& values) {
  for (const PoolPlan& pool : farm.report.plan.pools) {
    for (const std::string_view operation : names_of<Operation>)
      values.push_back({{pool.name.text, std::string(operation)}, 0});
  }
  for (const auto& [id, machine] : farm.report.machines) {
    if (machine.found.under_way) values.push_back({{machine.pool.text, text(*machine.found.under_way)}, 1});
  }
}

void foreign_machines(const Farm& farm, Values& values) {
  for (const auto& [kind, provider] : farm.report.look.reachable) values.push_back({{text(kind)}, 0});
  for (const auto& [instance, provider] : farm.report.look.fleet.foreign) values.push_back({{text(provider)}, 1});
}

void cost_per_hour(const Farm& farm, Values& values) {
  const Snapshot& seen = farm.report.look.seen;
  Sums sums;
  for (const auto& [id, machine] : farm.report.machines) {
    if (!exists(machine)) continue;
    const auto use = pass::use_of(machine, seen.queue);
    const auto price = pass::price_of(machine.pool, use, seen.retired, farm.config);
    const bool is_free = use == pass::Use::stopped && price == Micros{0};
    if (price && !is_free) sums[{machine.pool.text, to_string(use)}] += units_in(*price);
  }
  add_sums(sums, values, {farm.config.currency});
}

void last_pass_time(const Farm& farm, Values& values) { values.push_back({{}, number(farm.report.ended)}); }
void last_pass_succeeded(const Farm& farm, Values& values) { values.push_back({{}, number(farm.report.succeeded)}); }
void publication_succeeded(const Farm& farm, Values& values) { values.push_back({{}, number(!farm.report.trouble)}); }

void publication_time(const Farm& farm, Values& values) {
  const pass::Report& report = farm.report;
  const Instant since = report.trouble ? report.trouble->since : report.published_at;
  if (since != Instant{}) values.push_back({{}, number(since)});
}

void build_info(const Farm& farm, Values& values) {
  values.push_back({{std::string(farm.version), std::string(farm.commit)}, 1});
}

void machine_info(const Farm& farm, Values& values) {
  of_each_machine(farm, [&](const Machine& machine) {
    values.push_back({{machine.id.text, machine.pool.text, text(machine.provider), machine.instance.text}, 1});
  });
}

void machine_jobs(const Farm& farm, Values& values) {
  const Queue& queue = farm.report.look.seen.queue;
  of_each_machine(farm, [&](const Machine& machine) {
    const QueueMachine* entry = queue ? entry_of(*queue, machine) : nullptr;
    if (entry != nullptr && entry->current_jobs)
      values.push_back({{machine.id.text, machine.pool.text}, number(*entry->current_jobs)});
  });
}

void machine_state_time(const Farm& farm, Values& values) {
  of_each_machine(farm, [&](const Machine& machine) {
    values.push_back({{machine.id.text, machine.pool.text, text(machine.state)}, number(machine.since)});
  });
}

}  // namespace hydra_provisioner::metrics
