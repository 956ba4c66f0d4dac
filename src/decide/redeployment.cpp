#include "decide/redeployment.hpp"

#include <algorithm>
#include <optional>
#include <string>

#include <fmt/format.h>

#include "decide/limits.hpp"

namespace hydra_provisioner {
namespace {

std::string cause(const Machine& machine) {
  if (machine.state == MachineState::ready) return "its specification has changed";
  if (!machine.last_error.empty()) return fmt::format("not ready: {}", machine.last_error);
  return machine.first_listed_at ? "taken over; whether it is up to date is not known" : "its creation was interrupted";
}

std::optional<Instant> overdue(const PoolView& pool, const Machine& machine) {
  if (!is_coming(machine)) return std::nullopt;
  return machine.requested_at + pool.settings.boot_timeout;
}

}  // namespace

bool is_outdated(const PoolView& pool, const Machine& machine) {
  const auto wanted = pool.seen.specifications.find(pool.settings.name);
  return wanted != pool.seen.specifications.end() && wanted->second != machine.spec_hash;
}

Action redeploy(const PoolView& pool, const Machine& machine) {
  const auto overdue_at = overdue(pool, machine);
  if (const auto held = creation_hold(pool)) {
    const auto until = overdue_at && held->until ? std::min(*overdue_at, *held->until) : held->until;
    return act_on<Keep>(machine, {fmt::format("{}; waits: {}", cause(machine), held->text), until});
  }
  return act_on<Redeploy>(machine, {cause(machine), overdue_at});
}

}  // namespace hydra_provisioner
