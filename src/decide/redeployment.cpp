#include "decide/redeployment.hpp"

#include <algorithm>
#include <optional>
#include <string>

#include <fmt/format.h>

#include "decide/holds.hpp"

namespace hydra_provisioner::decide {
namespace {

std::string cause(const Machine& machine) {
  if (machine.state == MachineState::ready) return "its specification has changed";
  if (!machine.last_error.empty()) return fmt::format("not ready: {}", machine.last_error);
  return machine.listing.first_began_at ? "taken over; whether it is up to date is not known"
                                        : "its creation was interrupted";
}

std::optional<Instant> overdue(const PoolView& pool, const Machine& machine) {
  if (!is_coming(machine)) return std::nullopt;
  return boot_deadline(machine, pool.settings);
}

// After a failure, the pause is as long as the machine has been failing: it doubles each time.
Instant next_attempt(const Machine& machine) {
  constexpr Seconds shortest_back_off{30};
  if (!is_coming(machine) || machine.last_error.empty() || !machine.checked_at) return {};
  return *machine.checked_at + std::max(shortest_back_off, *machine.checked_at - machine.requested_at);
}

}  // namespace

bool is_of_another_specification(const PoolView& pool, const Machine& machine) {
  const auto wanted = pool.seen.specifications.find(pool.settings.name);
  const bool is_known = wanted != pool.seen.specifications.end() && wanted->second && !machine.spec_hash.empty();
  return is_known && *wanted->second != machine.spec_hash;
}

bool is_outdated(const PoolView& pool, const Machine& machine) {
  if (!traits_of(pool.settings.kind()).can_redeploy || !is_specified(pool)) return false;
  if (machine.spec_hash.empty()) return pool.seen.specifications.contains(pool.settings.name);
  return !pool.settings.replaces_on_change() && is_of_another_specification(pool, machine);
}

bool is_unproven(const PoolView& pool, const Machine& machine) {
  return machine.spec_hash.empty() && is_outdated(pool, machine);
}

Action redeploy(const PoolView& pool, const Machine& machine) {
  const auto overdue_at = overdue(pool, machine);
  if (!is_specified(pool))
    return act_on(ActionKind::keep, machine, {fmt::format("{}; waits: {}", cause(machine), unspecified), overdue_at});
  const Instant again_at = next_attempt(machine);
  if (again_at > pool.seen.now) {
    const Seconds left = again_at - pool.seen.now;
    return act_on(
        ActionKind::keep, machine,
        {fmt::format("{}; tried again in {} s", cause(machine), left.count()), earlier_of(again_at, overdue_at)});
  }
  return act_on(ActionKind::redeploy, machine, {cause(machine), overdue_at});
}

}  // namespace hydra_provisioner::decide
