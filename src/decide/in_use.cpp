#include "decide/in_use.hpp"

#include <algorithm>
#include <initializer_list>
#include <set>
#include <utility>
#include <variant>

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

// None: its provider keeps no machines alive.
std::optional<Seconds> keep_alive_interval(const Machine& machine, const Snapshot& seen, const Config& config) {
  if (!traits_of(machine.provider).keeps_alive) return std::nullopt;
  const auto configured = config.pools.find(machine.pool);
  if (configured != config.pools.end() && configured->second.kind() == machine.provider)
    return std::get<NixopsSettings>(configured->second.provider).keep_alive_interval;
  const auto retired = std::ranges::find_if(seen.retired, [&](const PoolConfig& pool) {
    return pool.name == machine.pool && pool.kind() == machine.provider;
  });
  return (retired == seen.retired.end() ? NixopsSettings{} : std::get<NixopsSettings>(retired->provider))
      .keep_alive_interval;
}

// One that was started again has forgotten what it was told before.
bool is_keep_alive_due(const Machine& machine, Seconds interval, Instant now) {
  constexpr Seconds out_of_use_interval{60};
  const Instant told = machine.kept_alive_at.value_or(Instant{});
  const Seconds every = is_out_of_use(machine) ? std::min(interval, out_of_use_interval) : interval;
  return now - told >= every || told < machine.ready_at.value_or(Instant{});
}

std::optional<Reason> reason_to_check(const Machine& machine, const Snapshot& seen, std::optional<Seconds> interval) {
  const Instant checked = std::max(machine.checked_at.value_or(Instant{}), machine.ready_at.value_or(Instant{}));
  const auto failed = last_failure(machine, seen.queue);
  if (failed && *failed > checked) return Reason{ReasonCode::check_due, "the queue runner could not use it", {}};
  if (!interval) return std::nullopt;
  const Seconds since = seen.now - checked;
  if (since < *interval) return std::nullopt;
  return Reason{
      ReasonCode::check_due, fmt::format("not checked for {} s ≥ {} s", since.count(), interval->count()), {}};
}

std::int64_t jobs_on(const Machine& machine, const Queue& queue) {
  const QueueMachine* entry = queue ? entry_of(*queue, machine) : nullptr;
  return entry == nullptr ? 0 : hydra_provisioner::jobs_on(*entry);
}

bool is_probed(const Machine& machine, const Snapshot& seen) {
  if (!seen.can_probe.contains(machine.provider) || seen.check_intervals.contains(machine.provider)) return false;
  const bool is_seen = !seen.unseen.contains({machine.pool, machine.provider}) && machine.found.unclear.empty();
  if (!is_up(machine) || machine.found.vanished || machine.found.under_way || !is_seen) return false;
  const Instant last = std::max(machine.checked_at.value_or(Instant{}), machine.ready_at.value_or(Instant{}));
  return seen.now - last >= between_probes && (machine.unanswered_since || jobs_on(machine, seen.queue) > 0);
}

std::set<MachineId> machines_of(const std::vector<Action>& actions, std::initializer_list<ActionKind> kinds) {
  std::set<MachineId> machines;
  for (const Action& action : actions) {
    if (std::ranges::find(kinds, action.kind) != kinds.end()) machines.insert(action.machine);
  }
  return machines;
}

}  // namespace

std::vector<InUse> machines_in_use(const Snapshot& seen, const Config& config, const std::vector<Action>& actions) {
  const auto leaving = machines_of(actions, {ActionKind::stop, ActionKind::destroy});
  const auto redeployed = machines_of(actions, {ActionKind::redeploy});
  std::vector<InUse> in_use;
  for (const Machine& machine : seen.machines) {
    const auto interval = seen.check_intervals.find(machine.provider);
    if (interval == seen.check_intervals.end() || !steps_may_run_on(machine) || leaving.contains(machine.id)) continue;
    const auto told_every = keep_alive_interval(machine, seen, config);
    InUse used{.machine = machine.id, .keep_alive = told_every && is_keep_alive_due(machine, *told_every, seen.now)};
    const bool is_worked_at = machine.found.under_way || redeployed.contains(machine.id);
    used.may_return = is_out_of_use(machine) && !is_worked_at;
    const bool is_seen = !seen.unseen.contains({machine.pool, machine.provider});
    if (is_up(machine) && is_seen && !is_worked_at)
      used.check = reason_to_check(machine, seen, told_every ? std::nullopt : std::optional(interval->second));
    if (used.keep_alive || used.check) in_use.push_back(std::move(used));
  }
  return in_use;
}

std::vector<MachineId> machines_to_probe(const Snapshot& seen) {
  std::vector<MachineId> probed;
  for (const Machine& machine : seen.machines) {
    if (is_probed(machine, seen)) probed.push_back(machine.id);
  }
  return probed;
}

std::string why_it_may_hang(const Machine& machine, const Snapshot& seen) {
  if (!is_up(machine) || !machine.unanswered_since || !machine.checked_at) return "";
  if (*machine.checked_at - *machine.unanswered_since < between_probes) return "";
  return fmt::format("{0} does not answer for {1} s, {2}; if it hangs: hydra-provisioner destroy --force {0}",
                     machine.id, (seen.now - *machine.unanswered_since).count(),
                     busy_with(jobs_on(machine, seen.queue)));
}

std::string why_it_stays_open(const Machine& machine, const Snapshot& seen) {
  if (!steps_may_run_on(machine) || !machine.listing.ended_at || !seen.queue || !seen.queue->machines_join) return "";
  const QueueMachine* entry = entry_of(*seen.queue, machine);
  const Seconds since = seen.now - *machine.listing.ended_at;
  if (entry == nullptr || entry->enabled != true || since < reports_show_within) return "";
  return fmt::format(
      "{0} may still get steps, {1} s after it was to be closed, so it is kept; if its builder does not take the gate "
      "for its build folder: hydra-provisioner destroy --force {0}",
      machine.id, since.count());
}

std::string why_it_is_doubted(const Machine& machine, const Snapshot& seen) {
  const bool is_leaving = machine.state == draining || machine.state == failed;
  const Seconds since = seen.now - machine.listing.ended_at.value_or(machine.since);
  if (!is_leaving || machine.listing.is_listed || machine.found.vanished || since < reports_show_within) return "";
  if (machine.found.doubt.empty() || jobs_on(machine, seen.queue) > 0) return "";
  return fmt::format(
      "{0} is not proven idle after {1} s, so it is kept: {2}; give each machine a host name of its own, or, if {0} "
      "has no steps: hydra-provisioner destroy --force {0}",
      machine.id, since.count(), machine.found.doubt);
}

}  // namespace hydra_provisioner::decide
