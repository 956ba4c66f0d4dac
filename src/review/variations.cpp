#include "review/variations.hpp"

#include <algorithm>
#include <limits>
#include <optional>
#include <utility>

#include <fmt/format.h>

#include "config/load.hpp"
#include "decide/demand.hpp"
#include "decide/limits.hpp"
#include "decide/plan.hpp"
#include "io/text/local_time.hpp"
#include "model/counted.hpp"
#include "observe/schedules.hpp"

namespace hydra_provisioner::review {
namespace {

bool may_count(const StepType& step, const PoolName& pool, const Config& config) {
  return decide::pool_of(step, config) == pool || decide::spill_pool_of(step, config) == pool;
}

// Step types that the pool serves, the likeliest first.
std::vector<std::string> candidates(const PoolConfig& pool, const QueueStatus& status) {
  const auto& [systems, supported, mandatory] = pool.type;
  std::vector<std::string> keys;
  const auto add = [&](const std::string& system) {
    for (const auto* features : {&mandatory, &supported})
      keys.push_back(features->empty() ? system : fmt::format("{}:{}", system, joined(*features)));
  };
  if (systems.contains("x86_64-linux")) add("x86_64-linux");
  for (const StepTypeCount& steps : status.step_types) keys.push_back(steps.key);
  for (const std::string& system : systems) add(system);
  return keys;
}

// A step type that counts for the pool. None: all that it serves and that are known here count for others.
std::optional<std::string> own_step_type(const PoolConfig& pool, const state::Inputs& inputs) {
  for (const std::string& key : candidates(pool, *inputs.seen.queue)) {
    if (may_count(parse_step_type(key), pool.name, inputs.config)) return key;
  }
  return std::nullopt;
}

// So many more runnable steps.
state::Inputs with_steps(state::Inputs inputs, const std::string& key, std::int64_t more) {
  inputs.seen.queue->step_types.push_back({.key = key, .type = parse_step_type(key), .runnable = more, .running = 0});
  return inputs;
}

state::Inputs without_steps(state::Inputs inputs, const PoolName& pool) {
  std::erase_if(inputs.seen.queue->step_types, [&](const StepTypeCount& steps) {
    return steps.runnable > 0 && may_count(steps.type, pool, inputs.config);
  });
  return inputs;
}

// A status that is trusted, with no steps.
state::Inputs with_trusted_status(state::Inputs inputs) {
  const Instant now = inputs.seen.now;
  inputs.seen.queue = QueueStatus{.time = now, .arrived = now, .started = {}, .step_types = {}, .machines = {}};
  inputs.seen.queue->machines.emplace();
  return inputs;
}

// Everything else stays as it was, except for what schedules say of that time; including the age of the status.
state::Inputs later(state::Inputs inputs, Instant time) {
  const Seconds span = time - inputs.seen.now;
  inputs.seen.now = time;
  for (auto& [name, limits] : inputs.seen.scheduled) {
    const auto pool = inputs.config.pools.find(name);
    if (pool == inputs.config.pools.end()) continue;
    // What is recorded of a pool has its schedules only as they were written.
    const auto settings = config::read_pool(name.text, pool->second.settings_json);
    if (settings) limits = observe::scheduled_limits(settings->schedules, time);
  }
  if (inputs.seen.queue) {
    inputs.seen.queue->time += span;
    inputs.seen.queue->arrived += span;
  }
  return inputs;
}

// `pool` has the limits in force.
state::Inputs with_limits(state::Inputs inputs, const PoolConfig& pool, std::int64_t min, std::int64_t max) {
  inputs.seen.scheduled.erase(pool.name);
  for (const OrderKind kind : {OrderKind::min_machines, OrderKind::max_machines})
    inputs.seen.orders.erase({kind, pool.name.text});
  PoolConfig& varied = inputs.config.pools.at(pool.name);
  varied.min_machines = min;
  varied.max_machines = max;
  varied.spare_machines = pool.spare_machines;
  return inputs;
}

std::int64_t saturated(std::int64_t a, std::int64_t b) {
  std::int64_t result = 0;
  const bool overflows = __builtin_mul_overflow(a, b, &result);
  return overflows ? std::numeric_limits<std::int64_t>::max() / 2 : result;
}

std::int64_t wanted_with(const state::Inputs& inputs, const PoolConfig& pool, const std::string& key,
                         std::int64_t more) {
  const state::Inputs varied = with_steps(inputs, key, more);
  const Plan would_be = decide::plan(varied.seen, varied.config);
  const auto found = std::ranges::find(would_be.pools, pool.name, &PoolPlan::name);
  return found == would_be.pools.end() ? 0 : found->wanted;
}

// The smallest number of further steps that makes the pool want more machines than `goal`, found by trying. None: a
// million steps do not.
std::optional<std::int64_t> steps_beyond(std::int64_t goal, const PoolConfig& pool, const std::string& key,
                                         const state::Inputs& inputs) {
  constexpr std::int64_t most = 1 << 20;
  std::int64_t enough = 1;
  while (enough < most && wanted_with(inputs, pool, key, enough) <= goal) enough *= 2;
  if (wanted_with(inputs, pool, key, enough) <= goal) return std::nullopt;
  for (std::int64_t too_few = enough / 2; enough - too_few > 1;) {
    const std::int64_t middle = (too_few + enough) / 2;
    (wanted_with(inputs, pool, key, middle) > goal ? enough : too_few) = middle;
  }
  return enough;
}

// How many more steps must wait until one more machine is wanted.
std::optional<std::int64_t> steps_to_next_machine(const PoolConfig& pool, const PoolPlan& now, const std::string& key,
                                                  const state::Inputs& inputs) {
  const std::int64_t goal = std::max(now.wanted, now.target);
  const bool may_spill = decide::spill_pool_of(parse_step_type(key), inputs.config).has_value();
  if (pool.scaling == Scaling::work || may_spill) return steps_beyond(goal, pool, key, inputs);
  const std::int64_t needed = saturated(goal, pool.runnables_per_machine) + pool.ignored_runnables + 1 - now.runnable;
  return needed > 0 ? std::optional(needed) : std::nullopt;
}

void add_demand(std::vector<Variation>& all, const PoolConfig& pool, const PoolPlan& now, const state::Inputs& inputs) {
  if (!inputs.seen.queue) {
    all.push_back({"a status that is trusted, in which nothing waits", with_trusted_status(inputs)});
    return;
  }
  const auto key = own_step_type(pool, inputs);
  if (const auto more = key ? steps_to_next_machine(pool, now, *key, inputs) : std::nullopt) {
    all.push_back({counted(*more, "more runnable step"), with_steps(inputs, *key, *more)});
  }
  if (now.runnable > 0) all.push_back({"no runnable step", without_steps(inputs, pool.name)});
  if (pool.ignored_runnables > 0 && now.runnable > 0) {
    Variation variation{fmt::format("ignoredRunnables 0 instead of {}", pool.ignored_runnables), inputs};
    variation.inputs.config.pools.at(pool.name).ignored_runnables = 0;
    all.push_back(std::move(variation));
  }
}

void add_limits(std::vector<Variation>& all, const PoolConfig& configured, const state::Inputs& inputs) {
  const auto other = decide::limits_in_force(configured, inputs.seen);
  const PoolConfig& pool = other ? other->pool : configured;
  const auto [min, max] = std::pair(pool.min_machines, pool.max_machines);
  all.push_back({fmt::format("maxMachines {} instead of {}", max + 1, max), with_limits(inputs, pool, min, max + 1)});
  if (min < max)
    all.push_back({fmt::format("minMachines {} instead of {}", min + 1, min), with_limits(inputs, pool, min + 1, max)});
  if (min > 0)
    all.push_back({fmt::format("minMachines {} instead of {}", min - 1, min), with_limits(inputs, pool, min - 1, max)});
}

void add_obstacles(std::vector<Variation>& all, const PoolConfig& pool, const state::Inputs& inputs) {
  for (const std::string& whom : {pool.name.text, std::string()}) {
    if (order_in_force(inputs.seen.orders, OrderKind::pause, whom, inputs.seen.now) == nullptr) continue;
    Variation variation{fmt::format("resume{}{}", whom.empty() ? "" : " ", whom), inputs};
    variation.inputs.seen.orders.erase({OrderKind::pause, whom});
    all.push_back(std::move(variation));
  }
  if (inputs.seen.creations.contains(pool.name)) {
    Variation variation{"no creations that failed", inputs};
    variation.inputs.seen.creations.erase(pool.name);
    all.push_back(std::move(variation));
  }
  const auto concerns_it = [&](const BudgetUse& budget) { return concerns(budget, pool.name); };
  if (std::ranges::any_of(inputs.seen.budgets, concerns_it)) {
    Variation variation{"no budget", inputs};
    std::erase_if(variation.inputs.seen.budgets, concerns_it);
    all.push_back(std::move(variation));
  }
  if (inputs.seen.unseen.contains({pool.name, pool.kind()})) {
    Variation variation{fmt::format("the {} provider could be asked", to_string(pool.kind())), inputs};
    variation.inputs.seen.unseen.erase({pool.name, pool.kind()});
    all.push_back(std::move(variation));
  }
}

}  // namespace

std::vector<Variation> variations_for(const PoolName& name, const state::Inputs& inputs, const Plan& plan) {
  std::vector<Variation> all;
  const auto pool = inputs.config.pools.find(name);
  const auto now = std::ranges::find(plan.pools, name, &PoolPlan::name);
  if (pool != inputs.config.pools.end() && now != plan.pools.end()) {
    add_demand(all, pool->second, *now, inputs);
    add_limits(all, pool->second, inputs);
    add_obstacles(all, pool->second, inputs);
  }
  if (plan.reconsider_at)
    all.push_back({fmt::format("the time {}, all else equal", io::local_time(*plan.reconsider_at)),
                   later(inputs, *plan.reconsider_at)});
  return all;
}

std::vector<Variation> variations_for(const Machine& machine, const state::Inputs& inputs, const Plan& plan) {
  std::vector<Variation> all;
  const auto action = std::ranges::find(plan.actions, machine.id, &Action::machine);
  if (action != plan.actions.end() && action->reason.until && *action->reason.until > inputs.seen.now) {
    const Instant until = *action->reason.until;
    all.push_back({fmt::format("the time {}, all else equal", io::local_time(until)), later(inputs, until)});
  }
  for (const OrderKind kind : {OrderKind::protect, OrderKind::drain, OrderKind::destroy}) {
    if (order_in_force(inputs.seen.orders, kind, machine.id.text, inputs.seen.now) == nullptr) continue;
    Variation variation{fmt::format("no order to {} it", to_string(kind)), inputs};
    variation.inputs.seen.orders.erase({kind, machine.id.text});
    all.push_back(std::move(variation));
  }
  const QueueMachine* entry = inputs.seen.queue ? entry_of(*inputs.seen.queue, machine) : nullptr;
  if (entry != nullptr && jobs_on(*entry) > 0) {
    Variation variation{"no jobs on it, for an hour", inputs};
    QueueStatus& status = *variation.inputs.seen.queue;
    QueueMachine& idle = status.machines->at(name_in(status, machine));
    idle.current_jobs = 0;
    if (idle.steps_under_way) idle.steps_under_way = 0;
    idle.idle_since = inputs.seen.queue->time - Seconds{3600};
    all.push_back(std::move(variation));
  }
  return all;
}

}  // namespace hydra_provisioner::review
