#include "decide/in_use.hpp"

#include <algorithm>
#include <initializer_list>
#include <set>
#include <utility>

#include <fmt/format.h>

#include "decide/idleness.hpp"

namespace hydra_provisioner::decide {
namespace {

using enum MachineState;

bool is_up(const Machine& machine) { return machine.state == ready || machine.state == draining; }

// Steps may also run on a machine that does not answer for now, or whose deployment failed.
bool steps_may_run_on(const Machine& machine) {
  if (machine.found.vanished) return false;
  if (is_up(machine)) return true;
  return machine.listing.first_began_at && !machine.found.under_way &&
         (machine.state == creating || machine.state == failed);
}

std::optional<Reason> reason_to_check(const Machine& machine, const Snapshot& seen, Seconds interval) {
  const Instant checked = std::max(machine.checked_at.value_or(Instant{}), machine.ready_at.value_or(Instant{}));
  const auto failed = last_failure(machine, seen.queue);
  if (failed && *failed > checked) return Reason{"the queue runner could not use it", {}};
  const Seconds since = seen.now - checked;
  if (since < interval) return std::nullopt;
  return Reason{fmt::format("not checked for {} s ≥ {} s", since.count(), interval.count()), {}};
}

std::set<MachineId> machines_of(const std::vector<Action>& actions, std::initializer_list<ActionKind> kinds) {
  std::set<MachineId> machines;
  for (const Action& action : actions) {
    if (std::ranges::find(kinds, action.kind) != kinds.end()) machines.insert(action.machine);
  }
  return machines;
}

}  // namespace

std::vector<InUse> machines_in_use(const Snapshot& seen, const std::vector<Action>& actions) {
  const auto leaving = machines_of(actions, {ActionKind::stop, ActionKind::destroy});
  const auto redeployed = machines_of(actions, {ActionKind::redeploy});
  std::vector<InUse> in_use;
  for (const Machine& machine : seen.machines) {
    const auto interval = seen.check_intervals.find(machine.provider);
    if (interval == seen.check_intervals.end() || !steps_may_run_on(machine) || leaving.contains(machine.id)) continue;
    InUse used{.machine = machine.id, .check = {}};
    const bool is_worked_at = machine.found.under_way || redeployed.contains(machine.id);
    const bool is_seen = !seen.unseen.contains({machine.pool, machine.provider});
    if (is_up(machine) && is_seen && !is_worked_at) used.check = reason_to_check(machine, seen, interval->second);
    in_use.push_back(std::move(used));
  }
  return in_use;
}

}  // namespace hydra_provisioner::decide
