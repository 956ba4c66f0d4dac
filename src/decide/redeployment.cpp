#include "decide/redeployment.hpp"

#include <algorithm>
#include <optional>
#include <string>

#include <fmt/format.h>

#include "decide/back_off.hpp"
#include "decide/holds.hpp"

namespace hydra_provisioner::decide {
namespace {

bool has_failed(const Machine& machine) { return machine.failures.of == Operation::redeploy; }

std::string cause(const Machine& machine) {
  if (machine.state == MachineState::ready) {
    const std::string text =
        machine.spec_hash.empty() ? "whether it is up to date is not known" : "its specification has changed";
    return has_failed(machine) ? fmt::format("{}; {}", text, machine.last_error) : text;
  }
  if (!machine.last_error.empty()) return fmt::format("not ready: {}", machine.last_error);
  return machine.listing.first_began_at ? "taken over; whether it is up to date is not known"
                                        : "its creation was interrupted";
}

std::optional<Instant> overdue(const PoolView& pool, const Machine& machine) {
  if (!is_coming(machine)) return std::nullopt;
  return boot_deadline(machine, pool.settings);
}

}  // namespace

bool is_of_another_specification(const PoolView& pool, const Machine& machine) {
  const auto wanted = pool.seen.specifications.find(pool.settings.name);
  const bool is_known = wanted != pool.seen.specifications.end() && wanted->second && !machine.spec_hash.empty();
  return is_known && *wanted->second != machine.spec_hash;
}

bool is_outdated(const PoolView& pool, const Machine& machine) {
  if (!traits_of(pool.settings.kind()).can_redeploy || machine.cannot_redeploy || !is_specified(pool)) return false;
  if (machine.spec_hash.empty()) return pool.seen.specifications.contains(pool.settings.name);
  return !pool.settings.replaces_on_change() && is_of_another_specification(pool, machine);
}

bool is_unproven(const PoolView& pool, const Machine& machine) {
  return machine.spec_hash.empty() && is_outdated(pool, machine);
}

RedeployTurns redeploy_turns(const PoolView& pool) {
  RedeployTurns turns{.free = pool.settings.max_unavailable};
  for (const Machine* machine : pool.machines) {
    const bool is_under_way = machine->found.under_way == Operation::redeploy && machine->ready_at;
    if (is_under_way || is_out_of_use(*machine)) --turns.free;
    const bool is_tried_again = has_failed(*machine) && machine->state == MachineState::ready &&
                                is_outdated(pool, *machine) && !is_protected(pool, *machine);
    if (is_tried_again && !is_under_way) ++turns.kept;
  }
  return turns;
}

Action redeploy_in_turn(const PoolView& pool, const Machine& machine, RedeployTurns& turns) {
  if (is_protected(pool, machine)) return redeploy(pool, machine);  // held back, so it takes no turn
  const std::int64_t kept_by_others = has_failed(machine) ? 0 : turns.kept;
  if (turns.free <= kept_by_others) {
    return act_on(
        ActionKind::keep, machine,
        {ReasonCode::turn,
         fmt::format("{}; waits until others work, {} at a time", cause(machine), pool.settings.max_unavailable),
         {}});
  }
  Action action = redeploy(pool, machine);
  if (action.kind != ActionKind::redeploy) return action;
  --turns.free;
  if (has_failed(machine)) --turns.kept;
  return action;
}

Action redeploy(const PoolView& pool, const Machine& machine) {
  const auto overdue_at = overdue(pool, machine);
  if (!is_specified(pool))
    return act_on(ActionKind::keep, machine,
                  {ReasonCode::unspecified, fmt::format("{}; waits: {}", cause(machine), unspecified), overdue_at});
  if (const auto wait = wait_after_failure(pool, machine, {Operation::create, Operation::start, Operation::redeploy})) {
    return act_on(ActionKind::keep, machine,
                  {wait->code, fmt::format("{}; {}", cause(machine), wait->text), earlier_of(wait->until, overdue_at)});
  }
  return act_on(ActionKind::redeploy, machine, {ReasonCode::specification, cause(machine), overdue_at});
}

}  // namespace hydra_provisioner::decide
