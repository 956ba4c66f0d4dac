#include "decide/scale_up.hpp"

#include <algorithm>
#include <iterator>
#include <tuple>
#include <utility>

#include <fmt/format.h>

#include "decide/back_off.hpp"
#include "decide/budgets.hpp"
#include "decide/holds.hpp"
#include "decide/idleness.hpp"
#include "decide/redeployment.hpp"
#include "decide/replacement.hpp"
#include "decide/sorting.hpp"
#include "decide/standby.hpp"
#include "decide/unused.hpp"

namespace hydra_provisioner::decide {
namespace {

// Takes the first `count` machines out of `machines`.
template <class Machines>
Machines take(Machines& machines, std::int64_t count) {
  const auto end = machines.begin() + std::clamp<std::int64_t>(count, 0, std::ssize(machines));
  Machines taken(machines.begin(), end);
  machines.erase(machines.begin(), end);
  return taken;
}

// Takes out those of which this is true.
template <class Machines, class Predicate>
Machines take_if(Machines& machines, Predicate is_taken) {
  Machines taken;
  Machines left;
  for (const auto& each : machines) (is_taken(each) ? taken : left).push_back(each);
  machines = std::move(left);
  return taken;
}

// A machine that does not work, or is to be replaced, is not put back into the machines file if another can come.
bool may_return(const PoolView& pool, const Machine& machine) {
  return !is_unproven(pool, machine) && !needs_replacement(pool, machine);
}

// The first to leave comes last: protected machines are at the front, those to be replaced at the end; otherwise busy
// machines come before idle ones, and the longest idle is last.
void order_by_worth(const PoolView& pool, std::vector<ActiveMachine>& machines) {
  sort_by_key(machines, [&](const ActiveMachine& machine) {
    const std::int64_t jobs = machine.activity.jobs;
    const bool is_due = needs_replacement(pool, *machine.machine);
    return std::tuple(!is_protected(pool, *machine.machine), is_due,
                      is_due && !turn_waits_until(pool, *machine.machine), -jobs,
                      jobs > 0 ? 0 : -to_unix(machine.activity.idle_from), number_of(machine.machine->id));
  });
}

Action use_ready(const PoolView& pool, const ActiveMachine& ready, RedeployTurns& redeploys) {
  const auto& [machine, activity] = ready;
  if (!pool.seen.queue)
    return act_on(ActionKind::keep, *machine, {ReasonCode::not_trusted, "listed; the status is not trusted", {}});
  if (is_outdated(pool, *machine)) return redeploy_in_turn(pool, *machine, redeploys);
  if (activity.is_busy()) return act_on(ActionKind::keep, *machine, {ReasonCode::busy, busy_with(activity.jobs), {}});
  return act_on(ActionKind::keep, *machine,
                {ReasonCode::needed, fmt::format("needed; idle {} s", activity.idle_at(pool.seen.now).count()), {}});
}

// A creation or start that was interrupted or could not be finished.
Action carry_on(const PoolView& pool, const Machine& machine) {
  const Instant overdue_at = boot_deadline(machine, pool.settings);
  const bool starts = machine.ready_at && machine.state == MachineState::creating;
  const bool has_failed = machine.failures.of == (starts ? Operation::start : Operation::create);
  const std::string cause = has_failed ? fmt::format("not finished: {}", machine.last_error)
                                       : fmt::format("its {} was interrupted", starts ? "start" : "creation");
  if (const auto wait = wait_after_failure(pool, machine, {Operation::create, Operation::start})) {
    return act_on(ActionKind::keep, machine,
                  {wait->code, fmt::format("{}; {}", cause, wait->text), earlier_of(wait->until, overdue_at)});
  }
  return act_on(starts ? ActionKind::start : ActionKind::create, machine,
                {has_failed ? ReasonCode::failed : ReasonCode::interrupted, cause + "; carried on", overdue_at});
}

Action await_or_resume(const PoolView& pool, const Machine& machine) {
  const Instant overdue_at = boot_deadline(machine, pool.settings);
  if (machine.found.interrupted) return carry_on(pool, machine);
  if (machine.found.needs_redeploy) return redeploy(pool, machine);
  return act_on(ActionKind::keep, machine,
                {ReasonCode::booting, fmt::format("coming for {} s", (pool.seen.now - machine.requested_at).count()),
                 overdue_at});
}

bool is_created_again(const Machine& machine) { return machine.found.interrupted && !machine.ready_at; }

// An interrupted creation needs room below the maximum, as a new one does: it may be that nothing of the machine
// exists. There may be too little room since the maximum was lowered, as long as others have not gone yet.
std::int64_t most_that_come(const PoolView& pool, const std::vector<const Machine*>& coming) {
  const auto created_again = [](const Machine* machine) { return is_created_again(*machine); };
  const std::int64_t others = std::ssize(pool.machines) - std::ranges::count_if(pool.machines, created_again);
  const std::int64_t room = std::max<std::int64_t>(pool.settings.max_machines - others, 0);
  return std::ssize(coming) - std::ranges::count_if(coming, created_again) + room;
}

// As many as may be replaced at a time. They leave before others are there, which may take minutes.
std::vector<ActiveMachine> take_those_that_waste_steps(const PoolView& pool, FreeMachines& free) {
  auto wasting = take_if(free.ready, [&](const ActiveMachine& each) {
    return wastes_steps(pool, *each.machine) && !is_protected(pool, *each.machine);
  });
  const auto leaving =
      std::ranges::count_if(free.draining, [&](const ActiveMachine& each) { return is_unusable(pool, *each.machine); });
  auto taken = take(wasting, pool.settings.max_unavailable - leaving);
  std::ranges::move(wasting, std::back_inserter(free.ready));
  return taken;
}

// Each of the following uses up to `most` machines of those that are left, and returns how many.

// Without a trusted status nothing that is listed leaves, so all ready machines count as needed.
std::int64_t use_ready_machines(const PoolView& pool, std::int64_t most, ScaleUp& result) {
  const auto used = take(result.left.ready, pool.seen.queue ? most : std::ssize(result.left.ready));
  RedeployTurns redeploys = redeploy_turns(pool);
  for (const ActiveMachine& machine : used) result.actions.push_back(use_ready(pool, machine, redeploys));
  return std::ssize(used);
}

// Machines that still boot will be ready sooner than those whose creation was interrupted, and of those some exist in
// part. The others are made anew.
std::int64_t wait_for_coming(const PoolView& pool, std::int64_t most, ScaleUp& result) {
  sort_by_key(result.left.coming, [](const Machine* machine) {
    return std::tuple(is_created_again(*machine), machine->found.interrupted, machine->found.needs_redeploy,
                      machine->instance.text.empty(), number_of(machine->id));
  });
  const auto used = take(result.left.coming, std::min(most, most_that_come(pool, result.left.coming)));
  for (const Machine* machine : used) result.actions.push_back(await_or_resume(pool, *machine));
  return std::ssize(used);
}

std::int64_t put_back(const PoolView& pool, std::int64_t most, ScaleUp& result) {
  std::vector<ActiveMachine>& draining = result.left.draining;
  const auto gone_for_good =
      take_if(draining, [&pool](const ActiveMachine& each) { return !may_return(pool, *each.machine); });
  const auto used = take(draining, most);
  std::ranges::copy(gone_for_good, std::back_inserter(draining));
  for (const ActiveMachine& each : used)
    result.actions.push_back(act_on(ActionKind::undrain, *each.machine, {ReasonCode::needed, "needed again", {}}));
  return std::ssize(used);
}

std::int64_t start_stopped(const PoolView& pool, std::int64_t most, ScaleUp& result) {
  std::vector<const Machine*>& stopped = result.left.stopped;
  const auto due = take_if(stopped, [&pool](const Machine* machine) { return needs_replacement(pool, *machine); });
  const auto used = take(stopped, most);
  std::ranges::copy(due, std::back_inserter(stopped));
  for (const Machine* machine : used)
    result.actions.push_back(act_on(ActionKind::start, *machine, {ReasonCode::needed, "stopped; warm store", {}}));
  return std::ssize(used);
}

// Those that are to be replaced, as far as there is no room for new machines.
std::int64_t put_back_stand_ins(const PoolView& pool, std::int64_t most, const BudgetUse* spent, ScaleUp& result) {
  std::vector<ActiveMachine>& draining = result.left.draining;
  const auto leaving =
      take_if(draining, [&pool](const ActiveMachine& each) { return !may_stand_in(pool, *each.machine); });
  const std::int64_t room =
      spent != nullptr ? 0 : std::max<std::int64_t>(pool.settings.max_machines - std::ssize(pool.machines), 0);
  const auto used = take(draining, most - room);
  std::ranges::copy(leaving, std::back_inserter(draining));
  for (const ActiveMachine& each : used) {
    result.actions.push_back(
        act_on(ActionKind::undrain, *each.machine,
               {ReasonCode::no_replacement,
                fmt::format("needed again; no room for its replacement (max {})", pool.settings.max_machines),
                {}}));
  }
  return std::ssize(used);
}

// How many of the missing machines may be started or created.
std::int64_t affordable(const PoolView& pool, std::int64_t missing, const BudgetUse* spent) {
  if (spent == nullptr || missing <= 0) return missing;
  const std::int64_t found = pool.target.machines - missing;
  const std::int64_t spared = spent->spares_min_machines ? pool.settings.min_machines - found : 0;
  return std::clamp<std::int64_t>(spared, 0, missing);
}

Action creation(const PoolView& pool, Reason reason, std::int64_t& next_number) {
  return {.kind = ActionKind::create,
          .machine = MachineId{fmt::format("{}-{}", pool.config.tag, next_number++)},
          .pool = pool.settings.name,
          .reason = std::move(reason)};
}

void create_new(const PoolView& pool, std::int64_t missing, std::int64_t& next_number, ScaleUp& result) {
  if (missing <= 0) return;
  const std::int64_t room = pool.settings.max_machines - std::ssize(pool.machines);
  if (auto held = creation_hold(pool)) {
    result.held = std::move(held);
    return;
  }
  std::int64_t count = std::clamp<std::int64_t>(missing, 0, std::max<std::int64_t>(room, 0));
  if (const std::int64_t trials = pool.unused.empty() ? count : trials_allowed(pool); trials < count) {
    count = trials;
    result.held =
        Reason{ReasonCode::unused,
               fmt::format("{} created until one of the machines is used", count == 0 ? "none is" : "only one is"),
               {}};
  } else if (count < missing) {
    result.held = Reason{ReasonCode::maximum,
                         fmt::format("{} more wait until one of the {} existing machines is gone (max {})",
                                     missing - count, std::ssize(pool.machines), pool.settings.max_machines),
                         {}};
  }
  for (std::int64_t i = 1; i <= count; ++i) {
    result.actions.push_back(
        creation(pool, {ReasonCode::needed, fmt::format("{} of {} new machines", i, count), {}}, next_number));
  }
}

// Those that come anyway; an interrupted creation may not have made anything yet, and then needs room.
std::int64_t let_coming_stand_by(const PoolView& pool, std::int64_t most, std::int64_t room, ScaleUp& result) {
  std::vector<const Machine*>& coming = result.left.coming;
  const auto without_room =
      take_if(coming, [room](const Machine* machine) { return room < 0 && is_created_again(*machine); });
  const auto used = take(coming, most);
  std::ranges::copy(without_room, std::back_inserter(coming));
  for (const Machine* machine : used) {
    Action action = await_or_resume(pool, *machine);
    action.stands_by = may_stay_unlisted(pool, *machine);
    result.actions.push_back(std::move(action));
  }
  return std::ssize(used);
}

// What keeps standbys from being made.
std::optional<Reason> hold_on_standbys(const PoolView& pool, const BudgetUse* spent) {
  if (spent != nullptr) return no_more_machines(*spent);
  if (auto held = creation_hold(pool)) return held;
  return refusal_to_stop(pool);
}

void create_standbys(const PoolView& pool, std::int64_t count, const BudgetUse* spent, std::int64_t& next_number,
                     ScaleUp& result) {
  if (count <= 0 || !pool.unused.empty()) return;
  if (auto held = hold_on_standbys(pool, spent)) {
    if (!result.held) result.held = std::move(held);
    return;
  }
  for (std::int64_t i = 1; i <= count; ++i) {
    result.actions.push_back(creation(
        pool, {ReasonCode::standby, fmt::format("{} of {} new machines to stand by", i, count), {}}, next_number));
    result.actions.back().stands_by = true;
  }
}

// `room` is what the maximum leaves for new machines.
void bring_up_standbys(const PoolView& pool, std::int64_t surplus_under_way, std::int64_t room, const BudgetUse* spent,
                       std::int64_t& next_number, ScaleUp& result) {
  std::int64_t missing = missing_standbys(pool, result.left);
  if (missing <= 0 || !pool.seen.queue) return;
  result.under_way_to_stand_by = std::min(surplus_under_way, missing);
  missing -= result.under_way_to_stand_by;
  missing -= let_coming_stand_by(pool, missing, room, result);
  create_standbys(pool, std::min(missing, room), spent, next_number, result);
}

}  // namespace

ScaleUp scale_up(const PoolView& pool, FreeMachines free, std::int64_t coming_under_way, std::int64_t& next_number) {
  ScaleUp result{.actions = {}, .left = std::move(free), .held = {}};
  const auto wasting = take_those_that_waste_steps(pool, result.left);
  order_by_worth(pool, result.left.ready);
  order_by_worth(pool, result.left.draining);
  // While a budget is spent, none leaves for another that cannot come.
  const BudgetUse* spent = spent_budget(pool);
  const Replacement replaced = spent != nullptr ? Replacement{} : replacement(pool, result.left.ready);
  std::int64_t missing = pool.target.machines;
  missing -= use_ready_machines(pool, missing - replaced.fewer, result);
  missing += replaced.extra - coming_under_way;
  const std::int64_t surplus_under_way = std::max<std::int64_t>(-missing, 0);
  missing -= wait_for_coming(pool, missing, result);
  missing -= put_back(pool, missing, result);
  std::int64_t allowed = affordable(pool, missing, spent);
  const std::int64_t started = start_stopped(pool, allowed, result);
  missing -= started;
  allowed -= started;
  missing -= put_back_stand_ins(pool, missing - replaced.extra, spent, result);
  if (spent != nullptr && missing > allowed) result.held = no_more_machines(*spent);
  const std::int64_t first_new = next_number;
  create_new(pool, std::min(missing, allowed), next_number, result);
  const std::int64_t room = pool.settings.max_machines - std::ssize(pool.machines) - (next_number - first_new);
  bring_up_standbys(pool, surplus_under_way, room, spent, next_number, result);
  std::ranges::copy(wasting, std::back_inserter(result.left.ready));
  return result;
}

}  // namespace hydra_provisioner::decide
