#include "decide/scale_down.hpp"

#include <algorithm>
#include <optional>
#include <ranges>
#include <string>

#include <fmt/format.h>

#include "decide/idleness.hpp"
#include "decide/proof.hpp"
#include "decide/redeployment.hpp"
#include "decide/replacement.hpp"
#include "decide/standby.hpp"

namespace hydra_provisioner::decide {
namespace {

// The hour rule: while this much of a billing period is paid, a machine stays listed; it is stopped or destroyed only
// when less than that much is left.
constexpr Seconds stays_listed_while_paid{30 * 60};
constexpr Seconds may_leave_below{10 * 60};

struct PaidPeriod {
  Instant end;
  Seconds left;

  Instant is_below(Seconds limit) const { return end - limit + Seconds{1}; }
};

// None: not billed by periods.
std::optional<PaidPeriod> paid_period(const PoolView& pool, const Machine& machine) {
  const Seconds period = pool.settings.billing_period.value_or(machine.billing_period);
  if (period <= Seconds{0}) return std::nullopt;
  const Seconds age = std::max(pool.seen.now - machine.launched_at.value_or(machine.requested_at), Seconds{0});
  const Seconds left = period - age % period;
  return PaidPeriod{.end = pool.seen.now + left, .left = left};
}

// What is decided late in a billing period holds until the next one begins.
Action within(const std::optional<PaidPeriod>& paid, Action action) {
  if (!paid) return action;
  action.reason.until = earlier_of(action.reason.until, paid->end);
  return action;
}

Action drain_after_grace(const PoolView& pool, const ActiveMachine& ready, const std::string& surplus) {
  const auto& [machine, activity] = ready;
  if (activity.is_busy()) {
    const std::string busy = fmt::format("{}, {}", surplus, busy_with(activity.jobs));
    if (pool.grace == Seconds{0})
      return act_on(ActionKind::drain, *machine, {ReasonCode::surplus, fmt::format("{}, grace 0 s", busy), {}});
    return act_on(ActionKind::keep, *machine, {ReasonCode::busy, busy, {}});
  }
  if (activity.restarted_for && pool.grace > Seconds{0}) {
    return act_on(ActionKind::keep, *machine,
                  {ReasonCode::restarted,
                   fmt::format("{}; the queue runner restarted {} s ago, and may not know its last step", surplus,
                               activity.restarted_for->count()),
                   activity.idle_from + pool.grace});
  }
  const Seconds idle = activity.idle_at(pool.seen.now);
  if (idle >= pool.grace) {
    return act_on(
        ActionKind::drain, *machine,
        {ReasonCode::grace, fmt::format("{}, idle {} s ≥ grace {} s", surplus, idle.count(), pool.grace.count()), {}});
  }
  return act_on(
      ActionKind::keep, *machine,
      {ReasonCode::grace, fmt::format("{}, idle {} s < grace {} s", surplus, idle.count(), pool.grace.count()),
       activity.idle_from + pool.grace});
}

// One that is not handed to a queue runner, but connects to it. Another may only be cut off from the queue runner for
// a while, as all others may be, and not all of them are to be given up then.
bool is_of_no_use(const PoolView& pool, const Machine& machine) {
  return pool.seen.queue && pool.seen.queue->machines_join && is_unusable(pool, machine);
}

// One that has worked for longer says nothing about those that are made now.
bool is_new(const PoolView& pool, const Machine& machine) {
  constexpr Seconds new_for{3600};
  return machine.ready_at && pool.seen.now - *machine.ready_at < new_for;
}

std::optional<Reason> why_it_must_leave(const PoolView& pool, const Machine& machine) {
  if (const Order* order = order_to_leave(pool.seen.orders, machine, pool.seen.now))
    return Reason{ReasonCode::ordered, "ordered by " + giver_of(*order), {}};
  if (!machine.found.notice.empty()) return Reason{ReasonCode::noticed, machine.found.notice, {}};
  return std::nullopt;
}

Action drain_or_keep(const PoolView& pool, const ActiveMachine& ready) {
  if (const auto why = why_it_must_leave(pool, *ready.machine)) return act_on(ActionKind::drain, *ready.machine, *why);
  if (needs_replacement(pool, *ready.machine)) {
    Action drain = act_on(ActionKind::drain, *ready.machine, replacement_reason(pool, *ready.machine));
    drain.in_turn = is_full(pool);
    drain.is_useless = is_of_no_use(pool, *ready.machine) && is_new(pool, *ready.machine);
    return drain;
  }
  const auto paid = paid_period(pool, *ready.machine);
  if (paid && paid->left >= stays_listed_while_paid) {
    return act_on(
        ActionKind::keep, *ready.machine,
        {ReasonCode::paid,
         fmt::format("surplus; paid for another {} s ≥ {} s", paid->left.count(), stays_listed_while_paid.count()),
         paid->is_below(stays_listed_while_paid)});
  }
  const std::string surplus = paid ? fmt::format("surplus, {} s paid", paid->left.count()) : "surplus";
  return within(paid, drain_after_grace(pool, ready, surplus));
}

std::string beyond_maximum(const PoolView& pool) {
  return fmt::format("exceeds max {}{}{}", pool.settings.max_machines, pool.of_maximum.empty() ? "" : ", ",
                     pool.of_maximum);
}

Reason why_it_leaves(const PoolView& pool, const Machine& machine, bool exceeds_maximum) {
  if (!pool.is_configured) return {ReasonCode::not_configured, "its pool is not configured any more", {}};
  if (const auto why = why_it_must_leave(pool, machine)) return *why;
  if (exceeds_maximum) return {ReasonCode::beyond_maximum, beyond_maximum(pool), {}};
  return needs_replacement(pool, machine) ? replacement_reason(pool, machine)
                                          : Reason{ReasonCode::surplus, "surplus", {}};
}

// Takes one of the places for machines that stand by, if the machine may have it.
bool take_place(const PoolView& pool, const Machine& machine, bool exceeds_maximum, std::int64_t& standby_places) {
  if (standby_places == 0 || exceeds_maximum || !may_stand_by(pool, machine)) return false;
  --standby_places;
  return true;
}

Action leave(const PoolView& pool, const Machine& machine, bool exceeds_maximum, bool stands_by) {
  const auto [code, why, until] = why_it_leaves(pool, machine, exceeds_maximum);
  const bool is_kept_stopped = pool.is_configured && (pool.settings.stop_on_idle || stands_by) && !exceeds_maximum &&
                               !needs_replacement(pool, machine) && machine.found.notice.empty();
  if (!is_kept_stopped) return destroy_when_proven(pool, machine, code, why);
  if (machine.cannot_stop)
    return destroy_when_proven(pool, machine, code, why + ", and its provider refuses to stop it");
  return stop_when_proven(pool, machine, code, why);
}

Action finish_draining(const PoolView& pool, const Machine& machine, bool exceeds_maximum,
                       std::int64_t& standby_places) {
  const bool stands_by = take_place(pool, machine, exceeds_maximum, standby_places);
  // One that was made to stand by is not listed for the rest of a paid period either.
  const auto paid = stands_by && !machine.listing.first_began_at ? std::nullopt : paid_period(pool, machine);
  const bool may_return = !needs_replacement(pool, machine) && !must_leave(pool, machine);
  if (paid && paid->left >= stays_listed_while_paid && may_return) {
    return act_on(ActionKind::undrain, machine,
                  {ReasonCode::paid,
                   fmt::format("paid for another {} s ≥ {} s", paid->left.count(), stays_listed_while_paid.count()),
                   paid->is_below(stays_listed_while_paid)});
  }
  // One that is of no use only takes the place of another. That others follow it ever more rarely bounds what this
  // costs.
  if (paid && paid->left >= may_leave_below && !is_of_no_use(pool, machine)) {
    return act_on(ActionKind::keep, machine,
                  {ReasonCode::paid,
                   fmt::format("draining; paid for another {} s ≥ {} s", paid->left.count(), may_leave_below.count()),
                   paid->is_below(may_leave_below)});
  }
  return within(paid, leave(pool, machine, exceeds_maximum, stands_by));
}

Action keep_or_destroy_stopped(const PoolView& pool, const Machine& machine, bool exceeds_maximum,
                               std::int64_t& standby_places) {
  if (!pool.is_configured)
    return destroy_when_proven(pool, machine, ReasonCode::not_configured, "its pool is not configured any more");
  if (exceeds_maximum)
    return destroy_when_proven(pool, machine, ReasonCode::beyond_maximum, "stopped; " + beyond_maximum(pool));
  if (needs_replacement(pool, machine)) {
    const auto [code, text, until] = replacement_reason(pool, machine);
    return destroy_when_proven(pool, machine, code, "stopped; " + text);
  }
  if (take_place(pool, machine, exceeds_maximum, standby_places)) {
    return act_on(ActionKind::keep, machine,
                  {ReasonCode::standby,
                   fmt::format("stopped; stands by (standbyMachines {})", pool.settings.standby_machines),
                   {}});
  }
  if (!pool.settings.stop_on_idle)
    return destroy_when_proven(pool, machine, ReasonCode::stopped,
                               pool.settings.standby_machines == 0
                                   ? "stopped; its pool does not keep stopped machines"
                                   : fmt::format("stopped; beyond standbyMachines {}", pool.settings.standby_machines));
  return act_on(ActionKind::keep, machine, {ReasonCode::stopped, "stopped; kept for later", {}});
}

Action wait_or_give_up(const PoolView& pool, const Machine& machine) {
  if (machine.found.interrupted)
    return destroy_when_proven(pool, machine, ReasonCode::not_needed,
                               "its creation was interrupted, and it is not needed any more");
  // Steps may run on one that was taken over, and it may be paid for: once it is ready, the usual rules hold for it.
  const bool was_taken_over = machine.found.needs_redeploy && !machine.ready_at && machine.listing.first_began_at;
  if (was_taken_over && pool.is_configured) return redeploy(pool, machine);
  if (machine.found.needs_redeploy)
    return destroy_when_proven(pool, machine, ReasonCode::not_needed,
                               "not brought up to its specification, and not needed any more");
  return act_on(ActionKind::keep, machine,
                {ReasonCode::not_needed,
                 fmt::format("coming for {} s; not needed any more", (pool.seen.now - machine.requested_at).count()),
                 boot_deadline(machine, pool.settings)});
}

}  // namespace

std::vector<Action> scale_down(const PoolView& pool, const FreeMachines& surplus, std::int64_t leaving) {
  std::vector<Action> actions;
  std::int64_t standbys = standby_places(pool);
  std::int64_t excess = std::ssize(pool.machines) - leaving - pool.settings.max_machines;
  for (const Machine* machine : surplus.coming) {
    actions.push_back(wait_or_give_up(pool, *machine));
    if (actions.back().kind == ActionKind::destroy) --excess;
  }
  for (const Machine* machine : surplus.stopped)
    actions.push_back(keep_or_destroy_stopped(pool, *machine, excess-- > 0, standbys));
  // Without a trusted status nothing is drained, and what drains already can only wait.
  for (const ActiveMachine& draining : surplus.draining | std::views::reverse)
    actions.push_back(finish_draining(pool, *draining.machine, excess-- > 0, standbys));
  for (const ActiveMachine& ready : surplus.ready) {
    if (pool.seen.queue || must_leave(pool, *ready.machine)) actions.push_back(drain_or_keep(pool, ready));
  }
  return actions;
}

}  // namespace hydra_provisioner::decide
