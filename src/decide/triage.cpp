#include "decide/triage.hpp"

#include <optional>

#include <fmt/format.h>

#include "decide/idleness.hpp"
#include "decide/proof.hpp"

namespace hydra_provisioner::decide {
namespace {

using enum MachineState;

std::optional<Action> give_up_when_overdue(const PoolView& pool, const Machine& machine) {
  if (!is_coming(machine)) return std::nullopt;
  if (pool.seen.now < boot_deadline(machine, pool.settings)) return std::nullopt;
  const Seconds waited = pool.seen.now - machine.requested_at;
  const std::string why = machine.last_error.empty() ? "" : ": " + machine.last_error;
  Action action = destroy_when_proven(pool, machine, ReasonCode::boot_timeout,
                                      fmt::format("not ready {} s after its request ≥ bootTimeout {} s{}",
                                                  waited.count(), pool.settings.boot_timeout.count(), why));
  action.never_got_ready = action.kind == ActionKind::destroy;
  return action;
}

std::optional<std::string> why_unseen(const PoolView& pool, const Machine& machine) {
  const bool is_left_alone = machine.state != destroying;  // to go on with that needs nothing but its id
  if (!machine.found.unclear.empty() && is_left_alone) return machine.found.unclear;
  const auto unseen = pool.seen.unseen.find({machine.pool, machine.provider});
  return unseen == pool.seen.unseen.end() ? std::nullopt : std::optional(unseen->second);
}

// Null: it is not ordered to be destroyed.
const Order* order_to_destroy(const PoolView& pool, const Machine& machine) {
  return order_in_force(pool.seen.orders, OrderKind::destroy, machine.id.text, pool.seen.now);
}

Action destroy_as_ordered(const PoolView& pool, const Machine& machine, const Order& order) {
  return destroy_when_proven(pool, machine, ReasonCode::ordered, "ordered by " + giver_of(order));
}

// It is left alone, unless an operator orders otherwise: what is ordered needs nothing but its id.
Action settle_unseen(const PoolView& pool, const Machine& machine, const std::string& why) {
  const bool may_leave = !machine.found.under_way;
  const Order* away = order_to_leave(pool.seen.orders, machine, pool.seen.now);
  if (may_leave && machine.state == ready && away != nullptr)
    return act_on(ActionKind::drain, machine, {ReasonCode::ordered, "ordered by " + giver_of(*away), {}});
  const Order* destruction = order_to_destroy(pool, machine);
  if (may_leave && machine.state != ready && destruction != nullptr)
    return destroy_as_ordered(pool, machine, *destruction);
  return act_on(ActionKind::keep, machine, {ReasonCode::not_seen, fmt::format("not seen: {}", why), {}});
}

// No value: the machine may be decided about.
std::optional<Action> settle(const PoolView& pool, const Machine& machine) {
  if (const auto why = why_unseen(pool, machine)) return settle_unseen(pool, machine, *why);
  if (machine.found.under_way) {
    return act_on(ActionKind::keep, machine,
                  {ReasonCode::under_way,
                   fmt::format("{} under way for {} s", to_string(*machine.found.under_way),
                               (pool.seen.now - machine.since).count()),
                   {}});
  }
  const Order* destruction = order_to_destroy(pool, machine);
  if (machine.state != ready && destruction != nullptr) return destroy_as_ordered(pool, machine, *destruction);
  if (machine.state == failed)
    return destroy_when_proven(pool, machine, ReasonCode::failed, fmt::format("failed: {}", machine.last_error));
  if (machine.found.vanished) return destroy_when_proven(pool, machine, ReasonCode::vanished, "vanished");
  // Making it again would end the steps that may run on it.
  if (is_coming(machine) && machine.found.interrupted && machine.listing.first_began_at && !machine.ready_at) {
    return destroy_when_proven(pool, machine, ReasonCode::incomplete,
                               "found incomplete, though it may have been listed");
  }
  if (machine.state == destroying) {
    const bool has_failed = machine.failures.of == Operation::destroy;
    return destroy_when_proven(pool, machine, has_failed ? ReasonCode::failed : ReasonCode::interrupted,
                               has_failed ? "not destroyed yet" : "its destruction was interrupted");
  }
  if (is_coming(machine) && !machine.found.notice.empty())
    return destroy_when_proven(pool, machine, ReasonCode::noticed, machine.found.notice);
  // Half stopped: it can be neither used nor started.
  if (machine.state == stopping)
    return stop_when_proven(pool, machine, ReasonCode::interrupted, "its stop was interrupted");
  return give_up_when_overdue(pool, machine);
}

// A ready machine stays one while it is redeployed, or while its provider's words make no sense.
bool is_settled_capacity(const Machine& machine) {
  const bool is_left_alone = machine.found.under_way || !machine.found.unclear.empty();
  return is_left_alone && (is_coming(machine) || machine.state == ready);
}

ActiveMachine active(const Machine& machine, const Queue& queue) {
  return {&machine, queue ? idleness(machine, *queue) : Idleness{}};
}

void sort_into(FreeMachines& free, const Machine& machine, const Queue& queue) {
  if (is_coming(machine)) free.coming.push_back(&machine);
  if (machine.state == ready) free.ready.push_back(active(machine, queue));
  if (machine.state == draining) free.draining.push_back(active(machine, queue));
  if (machine.state == stopped) free.stopped.push_back(&machine);
}

}  // namespace

Triage triage(const PoolView& pool) {
  Triage result;
  for (const Machine* machine : pool.machines) {
    if (auto action = settle(pool, *machine)) {
      if (is_settled_capacity(*machine)) ++result.coming_under_way;
      result.settled.push_back(std::move(*action));
    } else {
      const bool leaves = must_leave(pool, *machine) && !is_coming(*machine);
      sort_into(leaves ? result.sent_away : result.free, *machine, pool.seen.queue);
    }
  }
  return result;
}

}  // namespace hydra_provisioner::decide
