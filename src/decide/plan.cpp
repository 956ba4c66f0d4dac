#include "decide/plan.hpp"

#include <algorithm>
#include <map>
#include <tuple>
#include <utility>

#include <fmt/format.h>

#include "decide/budgets.hpp"
#include "decide/demand.hpp"
#include "decide/holds.hpp"
#include "decide/in_use.hpp"
#include "decide/limits.hpp"
#include "decide/outlook.hpp"
#include "decide/pool_view.hpp"
#include "decide/replacement.hpp"
#include "decide/scale_down.hpp"
#include "decide/scale_up.hpp"
#include "decide/sorting.hpp"
#include "decide/spill.hpp"
#include "decide/standby.hpp"
#include "decide/target.hpp"
#include "decide/triage.hpp"
#include "decide/unused.hpp"
#include "model/counted.hpp"

namespace hydra_provisioner::decide {
namespace {

// The earlier of the two; an `end` that has passed does not count.
std::optional<Instant> next_of(std::optional<Instant> earliest, std::optional<Instant> end, Instant now) {
  if (!end || *end <= now) return earliest;
  return earlier_of(earliest, end);
}

struct PoolDecision {
  PoolPlan summary;
  std::vector<Action> actions;
  std::optional<Instant> changes_at;  // by itself, apart from the times of its actions
};

std::int64_t count_destroyed(const std::vector<Action>& actions) {
  return std::ranges::count_if(actions, [](const Action& action) { return action.kind == ActionKind::destroy; });
}

PoolPlan summary_of(const PoolView& pool) {
  return {.name = pool.settings.name,
          .runnable = pool.load.runnable,
          .running = pool.load.running,
          .ignored = pool.is_configured ? pool.settings.ignored_runnables : 0,
          .wanted = pool.target.wanted,
          .target = pool.target.machines,
          .machines = std::ssize(pool.machines),
          .unhealthy = count_unhealthy(pool),
          .explanation = pool.target.explanation,
          .notes = {},
          .unused = pool.unused,
          .left_to = pool.load.left_to};
}

// Machines that are not needed leave, and so do those that an operator ordered away.
FreeMachines all_leaving(FreeMachines not_needed, const FreeMachines& sent_away) {
  std::ranges::copy(sent_away.ready, std::back_inserter(not_needed.ready));
  std::ranges::copy(sent_away.draining, std::back_inserter(not_needed.draining));
  std::ranges::copy(sent_away.stopped, std::back_inserter(not_needed.stopped));
  return not_needed;
}

// New machines first, then existing ones by number.
void sort_actions(std::vector<Action>& actions, std::int64_t first_new) {
  sort_by_key(actions, [&](const Action& action) {
    const std::int64_t number = number_of(action.machine);
    return std::pair(number < first_new, number);
  });
}

// A machine that begins in the future counts as new until then, for its billing period and its age.
std::optional<std::string> trouble_with_clocks(const PoolView& pool) {
  constexpr Seconds tolerated{60};
  const auto ahead = [&](const Machine* machine) {
    return machine->launched_at.value_or(pool.seen.now) - pool.seen.now;
  };
  const auto farthest = std::ranges::max_element(pool.machines, {}, ahead);
  if (farthest == pool.machines.end() || ahead(*farthest) <= tolerated) return std::nullopt;
  return fmt::format(
      "its provider says that {} begins in {} s: its clock is ahead of this host's; until then the machine "
      "counts as just begun",
      (*farthest)->id, ahead(*farthest).count());
}

std::vector<std::string> notes_about_machines(const PoolView& pool) {
  std::vector<std::string> notes;
  if (auto trouble = trouble_with_clocks(pool)) notes.push_back(*std::move(trouble));
  for (const Machine* machine : pool.machines) {
    if (auto trouble = why_it_may_hang(*machine, pool.seen); !trouble.empty()) notes.push_back(std::move(trouble));
    if (auto open = why_it_stays_open(*machine, pool.seen); !open.empty()) notes.push_back(std::move(open));
    if (auto doubt = why_it_is_doubted(*machine, pool.seen); !doubt.empty()) notes.push_back(std::move(doubt));
  }
  return notes;
}

// When a machine will have to be replaced, as things are.
std::optional<Instant> next_replacement(const PoolView& pool) {
  std::optional<Instant> next;
  for (const Machine* machine : pool.machines) {
    next = next_of(next, too_old_at(pool, *machine), pool.seen.now);
    next = next_of(next, unusable_at(pool, *machine), pool.seen.now);
    if (machine->state == MachineState::ready) next = next_of(next, turn_waits_until(pool, *machine), pool.seen.now);
  }
  return next;
}

PoolDecision decide(const PoolView& pool, std::int64_t& next_number) {
  const std::int64_t first_new = next_number;
  PoolDecision decision{summary_of(pool), {}, {}};
  Triage sorted = triage(pool);
  decision.actions = std::move(sorted.settled);
  decision.summary.notes = notes_about_machines(pool);
  const auto unseen = pool.seen.unseen.find({pool.settings.name, pool.settings.kind()});
  if (unseen != pool.seen.unseen.end()) {
    // Its machines cannot be counted, so creating more could exceed the maximum.
    decision.summary.notes.push_back(unseen->second);
    decision.summary.held = ReasonCode::not_seen;
    sort_actions(decision.actions, first_new);
    return decision;
  }
  const std::int64_t leaving = count_destroyed(decision.actions);
  ScaleUp up = scale_up(pool, std::move(sorted.free), sorted.coming_under_way, next_number);
  let_stand_by(pool, decision.actions, up.under_way_to_stand_by);
  std::ranges::move(up.actions, std::back_inserter(decision.actions));
  const FreeMachines leavers = all_leaving(std::move(up.left), sorted.sent_away);
  std::ranges::move(scale_down(pool, leavers, leaving), std::back_inserter(decision.actions));
  hold_back(pool, decision.actions);
  if (!pool.unused.empty()) decision.summary.notes.push_back(pool.unused);
  decision.changes_at = next_replacement(pool);
  if (pool.is_configured && pool.seen.queue)
    decision.changes_at = next_of(decision.changes_at, next_recount(pool), pool.seen.now);
  if (const auto& held = pool.hold ? pool.hold : up.held) {
    decision.summary.notes.push_back(held->text);
    decision.summary.held = held->code;
    decision.changes_at = next_of(decision.changes_at, held->until, pool.seen.now);
  }
  sort_actions(decision.actions, first_new);
  return decision;
}

PoolTarget computed_target(const PoolView& pool) {
  if (!pool.is_configured) return target_of_retired(pool.settings);
  if (!pool.seen.queue) return target_without_trusted_status(pool.settings);
  const Outlook ahead = outlook(pool);
  Wanted wanted = pool.settings.scaling == Scaling::work ? wanted_by_work(pool.settings, pool.load, ahead)
                                                         : wanted_by_runnables(pool.settings, pool.load);
  wanted = with_spare_slots(std::move(wanted), pool.settings, pool.load, ahead, spare_slots(pool, ahead));
  return with_spare_machines(within_limits(pool.settings, wanted), pool.settings, ahead.busy_machines);
}

PoolTarget target_of(const PoolView& pool) {
  PoolTarget target = computed_target(pool);
  for (const auto& [spill, steps] : pool.load.left_to)
    target.explanation += fmt::format("; {} more for {}", steps, spill);
  if (pool.settings.jobs_by_machine)
    target.explanation += fmt::format("; {} at a time on a new machine", counted(pool.settings.max_jobs, "step"));
  if (!pool.limits.empty()) target.explanation += "; " + pool.limits;
  return target;
}

Seconds grace_of(const PoolView& pool) { return pool.is_configured ? pool.settings.grace_period : Seconds{0}; }

struct PoolToDecide {
  const PoolConfig* settings;
  bool is_configured;
  const LimitsInForce* limits = nullptr;  // null: those of the configuration
};

using Adjusted = std::map<PoolName, LimitsInForce>;

Adjusted adjusted_pools(const Snapshot& seen, const Config& config) {
  Adjusted adjusted;
  for (const auto& [name, settings] : config.pools) {
    if (auto limits = limits_in_force(settings, seen)) adjusted.emplace(name, *std::move(limits));
  }
  return adjusted;
}

std::vector<PoolToDecide> pools_by_name(const Snapshot& seen, const Config& config, const Adjusted& adjusted) {
  std::vector<PoolToDecide> pools;
  pools.reserve(config.pools.size() + seen.retired.size());
  for (const auto& [name, settings] : config.pools) {
    const auto other = adjusted.find(name);
    pools.push_back(other == adjusted.end() ? PoolToDecide{&settings, true}
                                            : PoolToDecide{&other->second.pool, true, &other->second});
  }
  for (const PoolConfig& settings : seen.retired) pools.push_back({&settings, false});
  std::ranges::sort(pools, {}, [](const PoolToDecide& pool) {
    return std::tuple(pool.settings->name, !pool.is_configured, pool.settings->kind());
  });
  return pools;
}

std::vector<PoolView> views(const Snapshot& seen, const Config& config, const Demand& demand,
                            const Adjusted& adjusted) {
  std::vector<PoolView> views;
  for (const auto& [settings, is_configured, limits] : pools_by_name(seen, config, adjusted)) {
    const auto load = is_configured ? demand.pools.find(settings->name) : demand.pools.end();
    views.push_back({.seen = seen,
                     .config = config,
                     .settings = *settings,
                     .is_configured = is_configured,
                     .load = load == demand.pools.end() ? Load{} : load->second,
                     .limits = limits == nullptr ? "" : limits->source,
                     .of_maximum = limits == nullptr ? "" : limits->of_maximum});
  }
  return views;
}

// A machine belongs to the pool of its name that uses its provider.
void assign_machines(std::vector<PoolView>& pools, const std::vector<Machine>& machines) {
  std::map<PoolKey, PoolView*> by_name;
  for (PoolView& pool : pools) by_name.emplace(PoolKey(pool.settings.name, pool.settings.kind()), &pool);
  for (const Machine& machine : machines) {
    const auto pool = by_name.find({machine.pool, machine.provider});
    if (pool != by_name.end()) pool->second->machines.push_back(&machine);
  }
}

std::vector<PoolView> complete_views(const Snapshot& seen, const Config& config, const Demand& demand,
                                     const Adjusted& adjusted) {
  std::vector<PoolView> pools = views(seen, config, demand, adjusted);
  assign_machines(pools, seen.machines);
  if (seen.queue) spill_over(pools, *seen.queue);
  for (PoolView& pool : pools) {
    pool.target = target_of(pool);
    pool.grace = grace_of(pool);
    pool.hold = hold_on(pool);
    if (pool.is_configured) pool.unused = why_unused(pool);
  }
  return pools;
}

// When the first schedule, order or reason ends by itself.
std::optional<Instant> end_of_plan(const Snapshot& seen, const std::vector<Action>& actions) {
  std::optional<Instant> end;
  for (const auto& [name, limits] : seen.scheduled) end = next_of(end, limits.until, seen.now);
  for (const auto& [key, order] : seen.orders) end = next_of(end, order.until, seen.now);
  for (const BudgetUse& budget : seen.budgets) end = next_of(end, budget.until, seen.now);
  for (const Action& action : actions) end = next_of(end, action.reason.until, seen.now);
  return end;
}

}  // namespace

Plan plan(const Snapshot& seen, const Config& config) {
  const Demand demand = seen.queue ? place_steps(*seen.queue, config) : Demand{};
  Plan result{.time = seen.now,
              .untrusted = {},
              .pools = {},
              .unplaceable = demand.unplaceable,
              .actions = {},
              .in_use = {},
              .reconsider_at = {}};
  std::erase_if(result.unplaceable, [&](const Unplaceable& steps) {
    return is_served_elsewhere(parse_step_type(steps.step_type), seen, config);
  });
  if (!seen.queue) result.untrusted = seen.queue.error().why;
  result.notes = notes_about_budgets(seen);
  if (seen.queue) std::ranges::copy(seen.queue->unasked, std::back_inserter(result.notes));
  const Adjusted adjusted = adjusted_pools(seen, config);
  const std::vector<PoolView> pools = complete_views(seen, config, demand, adjusted);
  result.actions.reserve(seen.machines.size());
  std::int64_t next_number = seen.next_number;
  for (const PoolView& pool : pools) {
    PoolDecision decision = decide(pool, next_number);
    result.pools.push_back(std::move(decision.summary));
    result.reconsider_at = next_of(result.reconsider_at, decision.changes_at, seen.now);
    std::ranges::move(decision.actions, std::back_inserter(result.actions));
  }
  result.reconsider_at = next_of(result.reconsider_at, end_of_plan(seen, result.actions), seen.now);
  result.in_use = machines_in_use(seen, config, result.actions);
  result.probed = machines_to_probe(seen);
  return result;
}

}  // namespace hydra_provisioner::decide
