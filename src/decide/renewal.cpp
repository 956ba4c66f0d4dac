#include "decide/renewal.hpp"

#include <algorithm>

#include <fmt/format.h>

#include "decide/redeployment.hpp"

namespace hydra_provisioner::decide {
namespace {

Seconds age_of(const PoolView& pool, const Machine& machine) {
  return pool.seen.now - machine.launched_at.value_or(machine.requested_at);
}

bool is_too_old(const PoolView& pool, const Machine& machine) {
  return pool.settings.max_age && age_of(pool, machine) >= *pool.settings.max_age;
}

bool is_to_be_made_anew(const PoolView& pool, const Machine& machine) {
  return pool.settings.replaces_on_change() && is_of_another_specification(pool, machine);
}

std::int64_t failures_in_a_row(const PoolView& pool, const Machine& machine) {
  const QueueMachine* entry = pool.seen.queue ? entry_of(*pool.seen.queue, queue_name(machine)) : nullptr;
  return entry == nullptr ? 0 : entry->consecutive_failures.value_or(0);
}

}  // namespace

bool is_unusable(const PoolView& pool, const Machine& machine) {
  const std::int64_t limit = pool.settings.consecutive_failures;
  return limit > 0 && failures_in_a_row(pool, machine) >= limit;
}

bool is_worn(const PoolView& pool, const Machine& machine) {
  return is_unusable(pool, machine) || is_too_old(pool, machine) || is_to_be_made_anew(pool, machine);
}

std::optional<Instant> too_old_at(const PoolView& pool, const Machine& machine) {
  if (!pool.settings.max_age || is_too_old(pool, machine)) return std::nullopt;
  return pool.seen.now - age_of(pool, machine) + *pool.settings.max_age;
}

std::string wear_of(const PoolView& pool, const Machine& machine) {
  if (is_unusable(pool, machine)) {
    return fmt::format("the queue runner failed to use it {} times in a row ≥ consecutiveFailures {}",
                       failures_in_a_row(pool, machine), pool.settings.consecutive_failures);
  }
  if (!is_too_old(pool, machine)) return "its specification has changed";
  return fmt::format("older than maxAge {} s: {} s", pool.settings.max_age.value_or(Seconds{0}).count(),
                     age_of(pool, machine).count());
}

Renewal renewal(const PoolView& pool, const std::vector<ActiveMachine>& ready) {
  const auto worn =
      std::ranges::count_if(ready, [&](const ActiveMachine& each) { return is_worn(pool, *each.machine); });
  const std::int64_t target = pool.target.machines;
  const std::int64_t worn_in_use = std::min(worn, target - (std::ssize(ready) - worn));
  if (!pool.seen.queue || worn_in_use <= 0) return {};
  const std::int64_t at_a_time = std::min(worn_in_use, pool.settings.max_unavailable);
  if (target < pool.settings.max_machines)
    return {.extra = std::min(at_a_time, pool.settings.max_machines - target), .fewer = 0};
  // What is missing already, because one has left or does not come, counts as unavailable.
  const std::int64_t missing = std::max<std::int64_t>(target - std::ssize(ready), 0);
  return {.extra = 0, .fewer = std::clamp<std::int64_t>(pool.settings.max_unavailable - missing, 0, worn_in_use)};
}

}  // namespace hydra_provisioner::decide
