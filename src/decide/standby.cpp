#include "decide/standby.hpp"

#include <algorithm>
#include <chrono>
#include <ranges>

#include <fmt/format.h>

#include "decide/holds.hpp"
#include "decide/replacement.hpp"

namespace hydra_provisioner::decide {
namespace {

constexpr Seconds refusal_counts_for = std::chrono::days{1};

// A job works on it, or its provider describes it badly.
bool is_settled_standby(const PoolView& pool, const Machine& machine) {
  const bool is_left_alone = machine.state == MachineState::stopped && !machine.found.unclear.empty();
  return (machine.state == MachineState::stopping || is_left_alone) && !machine.found.vanished &&
         may_stand_by(pool, machine);
}

}  // namespace

bool may_stand_by(const PoolView& pool, const Machine& machine) {
  return !machine.cannot_stop && !needs_replacement(pool, machine) && machine.found.notice.empty();
}

bool may_stay_unlisted(const PoolView& pool, const Machine& machine) {
  return !machine.listing.first_began_at && !is_protected(pool, machine);
}

std::int64_t standby_places(const PoolView& pool) {
  if (!pool.is_configured || pool.settings.standby_machines == 0) return 0;
  const auto taken =
      std::ranges::count_if(pool.machines, [&](const Machine* machine) { return is_settled_standby(pool, *machine); });
  return std::max<std::int64_t>(pool.settings.standby_machines - taken, 0);
}

std::int64_t missing_standbys(const PoolView& pool, const FreeMachines& not_needed) {
  const std::int64_t places = standby_places(pool);
  if (places == 0) return 0;
  const auto may = [&](const Machine* machine) { return may_stand_by(pool, *machine); };
  const auto found = std::ranges::count_if(not_needed.stopped, may) +
                     std::ranges::count_if(not_needed.draining, may, &ActiveMachine::machine) +
                     std::ranges::count_if(not_needed.ready, may, &ActiveMachine::machine);
  return std::max<std::int64_t>(places - found, 0);
}

std::optional<Reason> refusal_to_stop(const PoolView& pool) {
  const auto refusing =
      std::ranges::find_if(pool.machines, [](const Machine* machine) { return machine->cannot_stop; });
  if (refusing != pool.machines.end()) {
    return Reason{ReasonCode::standby,
                  fmt::format("none is made to stand by: the provider refuses to stop {}", (*refusing)->id),
                  {}};
  }
  const auto known = pool.seen.creations.find(pool.settings.name);
  if (known == pool.seen.creations.end() || !known->second.stop_refused_at) return std::nullopt;
  const Instant end = *known->second.stop_refused_at + refusal_counts_for;
  if (pool.seen.now >= end) return std::nullopt;
  return Reason{ReasonCode::standby,
                fmt::format("none is made to stand by for another {} s: the provider refused to stop a machine; remove "
                            "standbyMachines, or order: retry {}",
                            (end - pool.seen.now).count(), pool.settings.name),
                end};
}

void let_stand_by(const PoolView& pool, std::vector<Action>& settled, std::int64_t count) {
  for (Action& action : settled | std::views::reverse) {
    if (count == 0) return;
    const auto machine = std::ranges::find(pool.machines, action.machine, [](const Machine* each) { return each->id; });
    if (!is_coming(**machine) || !(*machine)->found.under_way || !may_stay_unlisted(pool, **machine)) continue;
    action.stands_by = true;
    --count;
  }
}

}  // namespace hydra_provisioner::decide
