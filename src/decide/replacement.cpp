#include "decide/replacement.hpp"

#include <algorithm>
#include <utility>

#include <fmt/format.h>

#include "decide/idleness.hpp"
#include "decide/redeployment.hpp"

namespace hydra_provisioner::decide {
namespace {

// So that a machine that was put back is of use before it leaves again.
constexpr Seconds stays_when_put_back{3600};

Seconds age_of(const PoolView& pool, const Machine& machine) {
  return pool.seen.now - machine.launched_at.value_or(machine.requested_at);
}

bool is_too_old(const PoolView& pool, const Machine& machine) {
  return pool.settings.max_age && age_of(pool, machine) >= *pool.settings.max_age;
}

bool has_changed_specification(const PoolView& pool, const Machine& machine) {
  if (machine.cannot_redeploy && machine.spec_hash.empty()) return true;  // nothing tells what it is
  const bool is_replaced = pool.settings.replaces_on_change() || machine.cannot_redeploy;
  return is_replaced && is_of_another_specification(pool, machine);
}

// Since when it has been closed, though it is or was to be open; none: it is open. By the queue runner's clock, or by
// ours, which notes when it was listed.
std::optional<Instant> closed_since(const Machine& machine, const QueueMachine& entry) {
  const Listing& listing = machine.listing;
  const bool is_meant = listing.is_listed ? entry.enabled == false : machine.state == MachineState::draining;
  if (!is_meant || !listing.closed_since || !listing.began_at) return std::nullopt;
  return std::max(*listing.closed_since, *listing.began_at);
}

// One that drains had been closed for as long when it was unlisted, and does not work better now. If the queue runner's
// clock is ahead of ours, that counts for nothing.
std::string why_it_stays_closed(const PoolView& pool, const Machine& machine, const QueueMachine& entry) {
  const auto since = closed_since(machine, entry);
  if (!since) return "";
  const QueueStatus& status = *pool.seen.queue;
  const Seconds ahead = status.time - earlier_clock(status);
  const Seconds closed = machine.listing.ended_at.value_or(status.time) - ahead - *since;
  if (closed < pool.settings.boot_timeout) return "";
  return fmt::format("its gate does not open: closed for {} s ≥ bootTimeout {} s", closed.count(),
                     pool.settings.boot_timeout.count());
}

// Of machines that connect to the queue runner: one that is listed, but has not been there for a while, is of no use.
std::string trouble_of(const PoolView& pool, const Machine& machine) {
  if (!pool.seen.queue || !pool.seen.queue->machines_join) return "";
  const QueueMachine* entry = entry_of(*pool.seen.queue, machine);
  if (entry != nullptr && !entry->trouble.empty()) return entry->trouble;
  if (machine.found.has_double) return "the queue runner knows two machines of this name";
  if (entry != nullptr) return why_it_stays_closed(pool, machine, *entry);
  const bool is_meant_to_be_there = machine.listing.is_listed || machine.state == MachineState::draining;
  return is_meant_to_be_there ? machine.found.seen_out : "";
}

// The queue runner knows a machine by its address. Failures from before it was listed are those of another machine that
// had the address.
std::int64_t failures_in_a_row(const PoolView& pool, const Machine& machine) {
  const auto failed_at = last_failure(machine, pool.seen.queue);
  const auto listed_at = machine.listing.began_at ? machine.listing.began_at : machine.listing.first_began_at;
  if (!failed_at || !listed_at || *failed_at < *listed_at) return 0;
  return entry_of(*pool.seen.queue, machine)->consecutive_failures.value_or(0);
}

}  // namespace

bool is_unusable(const PoolView& pool, const Machine& machine) {
  if (!trouble_of(pool, machine).empty()) return true;
  const std::int64_t limit = pool.settings.consecutive_failures;
  return limit > 0 && failures_in_a_row(pool, machine) >= limit;
}

bool wastes_steps(const PoolView& pool, const Machine& machine) {
  if (!pool.seen.queue || !pool.seen.queue->machines_join) return false;
  const QueueMachine* entry = entry_of(*pool.seen.queue, machine);
  const bool is_of_no_use = entry != nullptr && (!entry->trouble.empty() || machine.found.has_double);
  return is_of_no_use && entry->enabled == true;
}

bool needs_replacement(const PoolView& pool, const Machine& machine) {
  return is_unusable(pool, machine) || is_too_old(pool, machine) || has_changed_specification(pool, machine);
}

std::optional<Instant> turn_waits_until(const PoolView& pool, const Machine& machine) {
  const auto& began_at = machine.listing.began_at;
  if (!began_at || began_at == machine.listing.first_began_at || is_unusable(pool, machine)) return std::nullopt;
  const Instant end = *began_at + stays_when_put_back;
  return needs_replacement(pool, machine) && pool.seen.now < end ? std::optional(end) : std::nullopt;
}

bool may_stand_in(const PoolView& pool, const Machine& machine) {
  return !machine.leaves_in_turn && !is_unusable(pool, machine) && !is_unproven(pool, machine);
}

std::optional<Instant> unusable_at(const PoolView& pool, const Machine& machine) {
  if (!pool.seen.queue || !pool.seen.queue->machines_join || is_unusable(pool, machine)) return std::nullopt;
  const QueueStatus& status = *pool.seen.queue;
  const QueueMachine* entry = machine.listing.is_listed ? entry_of(status, machine) : nullptr;
  const auto since = entry != nullptr ? closed_since(machine, *entry) : std::nullopt;
  if (!since) return std::nullopt;
  return *since + pool.settings.boot_timeout + (status.arrived - earlier_clock(status));
}

std::optional<Instant> too_old_at(const PoolView& pool, const Machine& machine) {
  if (!pool.settings.max_age || is_too_old(pool, machine)) return std::nullopt;
  return pool.seen.now - age_of(pool, machine) + *pool.settings.max_age;
}

Reason replacement_reason(const PoolView& pool, const Machine& machine) {
  if (std::string trouble = trouble_of(pool, machine); !trouble.empty())
    return {ReasonCode::trouble, std::move(trouble), {}};
  if (is_unusable(pool, machine)) {
    return {ReasonCode::failing,
            fmt::format("the queue runner failed to use it {} times in a row ≥ consecutiveFailures {}",
                        failures_in_a_row(pool, machine), pool.settings.consecutive_failures),
            {}};
  }
  if (!is_too_old(pool, machine)) return {ReasonCode::specification, "its specification has changed", {}};
  return {ReasonCode::max_age,
          fmt::format("older than maxAge {} s: {} s", pool.settings.max_age.value_or(Seconds{0}).count(),
                      age_of(pool, machine).count()),
          {}};
}

Replacement replacement(const PoolView& pool, const std::vector<ActiveMachine>& ready) {
  const auto due =
      std::ranges::count_if(ready, [&](const ActiveMachine& each) { return needs_replacement(pool, *each.machine); });
  const std::int64_t target = pool.target.machines;
  const std::int64_t due_in_use = std::min(due, target - (std::ssize(ready) - due));
  if (!pool.seen.queue || due_in_use <= 0) return {};
  const std::int64_t at_a_time = std::min(due_in_use, pool.settings.max_unavailable);
  if (!is_full(pool)) return {.extra = std::min(at_a_time, pool.settings.max_machines - target), .fewer = 0};
  // What is missing already, because one has left or does not come, counts as unavailable.
  const std::int64_t missing = std::max<std::int64_t>(target - std::ssize(ready), 0);
  const auto not_yet = std::ranges::count_if(
      ready, [&](const ActiveMachine& each) { return turn_waits_until(pool, *each.machine).has_value(); });
  return {.extra = 0,
          .fewer = std::clamp<std::int64_t>(pool.settings.max_unavailable - missing, 0,
                                            std::min(due_in_use, due - not_yet))};
}

}  // namespace hydra_provisioner::decide
