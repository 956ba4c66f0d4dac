// What holds for every farm, whatever it looks like.
#include <algorithm>
#include <chrono>
#include <map>
#include <random>
#include <set>
#include <utility>

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include "decide/demand.hpp"
#include "decide/plan.hpp"
#include "tests/decide/any_farm.hpp"
#include "tests/decide/farm.hpp"

namespace hydra_provisioner::decide {
namespace {

using namespace std::chrono_literals;

using PoolKey = std::pair<PoolName, ProviderKind>;

const Machine* machine_named(const Snapshot& seen, const MachineId& id) {
  const auto found = std::ranges::find(seen.machines, id, &Machine::id);
  return found == seen.machines.end() ? nullptr : &*found;
}

const QueueMachine* entry_of(const Machine& machine, const Snapshot& seen) {
  if (!seen.queue || !seen.queue->machines) return nullptr;
  const auto found =
      seen.queue->machines->find(seen.queue->machines_join ? machine.id.text : "root@" + machine.address);
  return found == seen.queue->machines->end() ? nullptr : &found->second;
}

// It is out of the file, and an operator has accepted that its steps are lost.
bool is_forced(const Machine& machine, const Snapshot& seen) {
  const Order* order = order_in_force(seen.orders, OrderKind::destroy, machine.id.text, seen.now);
  return order != nullptr && order->value == by_force && !machine.listing.is_listed;
}

// Machines that connect by themselves may have steps before they are listed.
bool may_be_connected(const Machine& machine, const Snapshot& seen) {
  if (!seen.queue || !seen.queue->machines_join) return false;
  return entry_of(machine, seen) != nullptr || (seen.queue->hides_machines && !machine.instance.text.empty());
}

bool needs_no_proof(const Machine& machine, const Snapshot& seen) {
  const bool has_no_steps = !machine.listing.first_began_at && !may_be_connected(machine, seen);
  return machine.found.vanished || has_no_steps || is_forced(machine, seen);
}

bool takes_down(const Action& action) { return action.kind == ActionKind::stop || action.kind == ActionKind::destroy; }

// The proof of idleness once more, in other words than the code's.
bool is_proven_idle(const Machine& machine, const Snapshot& seen, const Config& config) {
  if (needs_no_proof(machine, seen)) return true;
  if (seen.queue && seen.queue->machines_join)
    return !machine.listing.is_listed && machine.found.doubt.empty() && !machine.found.seen_out.empty();
  const bool is_out_of_the_file = !machine.listing.is_listed && machine.listing.ended_at.has_value();
  if (!seen.queue || !is_out_of_the_file) return false;
  const QueueStatus& status = *seen.queue;
  const Instant t0 = *machine.listing.ended_at;
  if (status.time < t0 + config.settle) return false;
  if (!status.machines) {
    return std::ranges::all_of(status.step_types, [](const StepTypeCount& steps) { return steps.running == 0; });
  }
  if (const QueueMachine* entry = entry_of(machine, seen)) {
    const bool is_unused = entry->enabled == false && entry->current_jobs == 0;
    if (is_unused && entry->steps_under_way) return *entry->steps_under_way == 0;
    if (!is_unused || !entry->idle_since) return false;
    const bool is_of_the_future = *entry->idle_since > status.time + clock_difference_max;  // a clock was set back
    const Instant idle_from = is_of_the_future ? t0 : *entry->idle_since;
    return idle_from == Instant{} || idle_from <= status.time - config.quiet;
  }
  return (status.started && *status.started > t0) || *machine.listing.first_began_at > t0 - 30s;
}

bool is_up_or_coming(const Action& action, const Snapshot& seen) {
  using enum MachineState;
  if (action.kind == ActionKind::create || action.kind == ActionKind::start) return true;
  if (action.kind == ActionKind::undrain || action.kind == ActionKind::redeploy) return true;
  const Machine* machine = machine_named(seen, action.machine);
  const bool is_kept = machine != nullptr && action.kind == ActionKind::keep;
  return is_kept && (machine->state == ready || is_coming(*machine));
}

std::int64_t up_or_coming(const Plan& plan, const Snapshot& seen) {
  return std::ranges::count_if(plan.actions, [&](const Action& action) { return is_up_or_coming(action, seen); });
}

std::optional<MachineEvent> event_of(const Action& action) {
  if (action.kind == ActionKind::create) return MachineEvent::creation_began;
  if (action.kind == ActionKind::start) return MachineEvent::start_began;
  if (action.kind == ActionKind::drain) return MachineEvent::drained;
  if (action.kind == ActionKind::undrain) return MachineEvent::undrained;
  if (action.kind == ActionKind::stop) return MachineEvent::stop_began;
  if (action.kind == ActionKind::destroy) return MachineEvent::destruction_began;
  return std::nullopt;
}

// An operator's, a schedule's or the configuration's.
std::int64_t maximum_in_force(const AnyFarm& farm, const PoolConfig& pool) {
  const Order* order = order_in_force(farm.seen.orders, OrderKind::max_machines, pool.name.text, farm.seen.now);
  if (order != nullptr) return order->value;
  const auto scheduled = farm.seen.scheduled.find(pool.name);
  if (scheduled == farm.seen.scheduled.end()) return pool.max_machines;
  return scheduled->second.max_machines.value_or(pool.max_machines);
}

RC_GTEST_PROP(EveryPlan, HasTargetsWithinTheMaximum, ()) {
  const AnyFarm farm = *any_farm();
  for (const PoolPlan& pool : plan(farm.seen, farm.config).pools) {
    const auto configured = farm.config.pools.find(pool.name);
    RC_ASSERT(pool.target == 0 || configured != farm.config.pools.end());
    if (pool.target > 0) RC_ASSERT(pool.target <= maximum_in_force(farm, configured->second));
  }
}

RC_GTEST_PROP(EveryPlan, CreatesNoMoreThanTheMaximumLeavesRoomFor, ()) {
  const AnyFarm farm = *any_farm();
  std::map<PoolKey, std::int64_t> existing;
  for (const Machine& machine : farm.seen.machines) ++existing[{machine.pool, machine.provider}];
  std::map<PoolName, std::int64_t> created;
  for (const Action& action : plan(farm.seen, farm.config).actions) {
    if (machine_named(farm.seen, action.machine) == nullptr) ++created[action.pool];
  }
  for (const auto& [name, count] : created) {
    const PoolConfig& pool = farm.config.pools.at(name);
    RC_ASSERT(existing[PoolKey(name, pool.kind())] + count <= maximum_in_force(farm, pool));
  }
}

RC_GTEST_PROP(EveryPlan, TakesNoProtectedMachineDownAndNoneInAPause, ()) {
  const AnyFarm farm = *any_farm();
  for (const Action& action : plan(farm.seen, farm.config).actions) {
    const Machine* machine = machine_named(farm.seen, action.machine);
    const auto is_ordered = [&](OrderKind kind, const std::string& whom) {
      return order_in_force(farm.seen.orders, kind, whom, farm.seen.now) != nullptr;
    };
    if (machine == nullptr || machine->found.vanished || is_ordered_away(farm.seen.orders, *machine, farm.seen.now))
      continue;
    const bool is_held = is_ordered(OrderKind::protect, machine->id.text) || is_ordered(OrderKind::pause, "") ||
                         is_ordered(OrderKind::pause, machine->pool.text);
    RC_ASSERT(!is_held || (!takes_down(action) && action.kind != ActionKind::drain));
  }
}

RC_GTEST_PROP(EveryPlan, StopsAndDestroysNothingWithoutProof, ()) {
  const AnyFarm farm = *any_farm();
  for (const Action& action : plan(farm.seen, farm.config).actions) {
    if (!takes_down(action)) continue;
    const Machine* machine = machine_named(farm.seen, action.machine);
    RC_ASSERT(machine != nullptr);
    RC_ASSERT(is_proven_idle(*machine, farm.seen, farm.config));
  }
}

RC_GTEST_PROP(EveryPlan, StopsAndDestroysNothingThatIsBusyOrListed, ()) {
  const AnyFarm farm = *any_farm();
  for (const Action& action : plan(farm.seen, farm.config).actions) {
    if (!takes_down(action)) continue;
    const Machine& machine = *machine_named(farm.seen, action.machine);
    if (needs_no_proof(machine, farm.seen)) continue;
    RC_ASSERT(!machine.listing.is_listed);
    const QueueMachine* entry = entry_of(machine, farm.seen);
    if (entry != nullptr) RC_ASSERT(entry->current_jobs == 0);
  }
}

RC_GTEST_PROP(EveryPlan, SaysOneThingOfEveryMachine, ()) {
  const AnyFarm farm = *any_farm();
  std::set<MachineId> decided;
  for (const Action& action : plan(farm.seen, farm.config).actions) {
    RC_ASSERT(decided.insert(action.machine).second);
    RC_ASSERT(machine_named(farm.seen, action.machine) != nullptr || action.kind == ActionKind::create);
  }
  for (const Machine& machine : farm.seen.machines) RC_ASSERT(decided.contains(machine.id));
}

RC_GTEST_PROP(EveryPlan, OrdersItsActionsByPoolThenCreationsThenMachines, ()) {
  const AnyFarm farm = *any_farm();
  const Plan p = plan(farm.seen, farm.config);
  const auto place = [&](const Action& action) {
    const Machine* machine = machine_named(farm.seen, action.machine);
    const auto provider = machine != nullptr ? machine->provider : farm.config.pools.at(action.pool).kind();
    const auto configured = farm.config.pools.find(action.pool);
    const bool is_retired = configured == farm.config.pools.end() || configured->second.kind() != provider;
    return std::tuple(action.pool, is_retired, provider, machine != nullptr, number_of(action.machine));
  };
  RC_ASSERT(std::ranges::is_sorted(p.actions, {}, place));
}

RC_GTEST_PROP(EveryPlan, HasAReasonForEverything, ()) {
  const AnyFarm farm = *any_farm();
  for (const Action& action : plan(farm.seen, farm.config).actions) {
    const std::string& why = action.reason.text;
    RC_ASSERT(!why.empty());
    RC_ASSERT(why.find('\n') == std::string::npos);
  }
}

RC_GTEST_PROP(EveryPlan, AsksForNothingThatTheLifeCycleDoesNotKnow, ()) {
  const AnyFarm farm = *any_farm();
  for (const Action& action : plan(farm.seen, farm.config).actions) {
    const Machine* machine = machine_named(farm.seen, action.machine);
    const auto event = event_of(action);
    if (machine != nullptr && event) RC_ASSERT(next_state(machine->state, *event).has_value());
  }
}

RC_GTEST_PROP(EveryPlan, LeavesAloneWhatAJobIsAtAndWhatCannotBeSeen, ()) {
  const AnyFarm farm = *any_farm();
  for (const Action& action : plan(farm.seen, farm.config).actions) {
    const Machine* machine = machine_named(farm.seen, action.machine);
    if (machine == nullptr) continue;
    const bool is_unseen = farm.seen.unseen.contains({machine->pool, machine->provider});
    const bool is_ordered = is_ordered_away(farm.seen.orders, *machine, farm.seen.now);
    if (machine->found.under_way || (is_unseen && !is_ordered)) RC_ASSERT(action.kind == ActionKind::keep);
  }
}

RC_GTEST_PROP(EveryPlan, StopsOnlyWhereItIsWanted, ()) {
  const AnyFarm farm = *any_farm();
  for (const Action& action : plan(farm.seen, farm.config).actions) {
    if (action.kind != ActionKind::stop) continue;
    const Machine& machine = *machine_named(farm.seen, action.machine);
    RC_ASSERT(!machine.found.vanished && machine.state != MachineState::failed);
    if (machine.state == MachineState::stopping) continue;
    RC_ASSERT(!machine.cannot_stop);
    const PoolConfig& pool = farm.config.pools.at(machine.pool);
    RC_ASSERT(pool.stop_on_idle || pool.standby_machines > 0);
  }
}

RC_GTEST_PROP(EveryPlan, IsTheSameForTheSameSnapshot, ()) {
  const AnyFarm farm = *any_farm();
  const AnyFarm copy = farm;
  RC_ASSERT(in_full(plan(farm.seen, farm.config)) == in_full(plan(copy.seen, copy.config)));
}

RC_GTEST_PROP(EveryPlan, DoesNotDependOnTheOrderOfStepTypes, ()) {
  const AnyFarm farm = *any_farm_with_trusted_status();
  AnyFarm shuffled = farm;
  std::minstd_rand random(*rc::gen::arbitrary<unsigned>());
  std::ranges::shuffle(shuffled.seen.queue->step_types, random);
  RC_ASSERT(in_full(plan(farm.seen, farm.config)) == in_full(plan(shuffled.seen, shuffled.config)));
}

RC_GTEST_PROP(EveryPlan, NeitherAimsLowerNorHasFewerMachinesWhenMoreStepsWait, ()) {
  const AnyFarm farm = *any_farm_with_trusted_status();
  AnyFarm busier = farm;
  for (StepTypeCount& steps : busier.seen.queue->step_types) {
    if (steps.runnable <= 1'000'000'000) steps.runnable += *rc::gen::inRange<std::int64_t>(0, 30);
  }
  const Plan before = plan(farm.seen, farm.config);
  const Plan after = plan(busier.seen, busier.config);
  for (std::size_t i = 0; i < before.pools.size(); ++i) RC_ASSERT(before.pools[i].target <= after.pools[i].target);
  RC_ASSERT(up_or_coming(before, farm.seen) <= up_or_coming(after, busier.seen));
}

std::vector<PoolName> pools_that_serve(const StepTypeCount& steps, const Config& config) {
  std::vector<PoolName> pools;
  for (const auto& [name, pool] : config.pools) {
    if (serves(pool.type, steps.type)) pools.push_back(name);
  }
  return pools;
}

// The farm with this step type alone.
AnyFarm with_only(AnyFarm farm, const StepTypeCount& steps) {
  farm.seen.queue->step_types = {steps};
  return farm;
}

RC_GTEST_PROP(Assignment, IsToOnePoolAtMostUnlessThatLeavesSomeToASpillPool, ()) {
  const AnyFarm farm = *any_farm_with_trusted_status();
  for (const StepTypeCount& steps : farm.seen.queue->step_types) {
    const AnyFarm alone = with_only(farm, steps);
    std::set<PoolName> others;
    std::set<PoolName> spill;
    for (const PoolPlan& pool : plan(alone.seen, alone.config).pools) {
      if (pool.runnable == 0 || !farm.config.pools.contains(pool.name)) continue;
      (farm.config.pools.at(pool.name).spill ? spill : others).insert(pool.name);
    }
    RC_ASSERT(others.size() <= 1 && spill.size() <= 1);
    const auto own = pool_of(steps.type, farm.config);
    if (!others.empty()) RC_ASSERT(*others.begin() == *own);
    if (!spill.empty()) RC_ASSERT(*spill.begin() == spill_pool_of(steps.type, farm.config).value_or(*own));
  }
}

RC_GTEST_PROP(Assignment, CountsEachStepOnce, ()) {
  const AnyFarm farm = *any_farm_with_trusted_status();
  std::int64_t waiting = 0;
  std::int64_t running = 0;
  for (const StepTypeCount& steps : farm.seen.queue->step_types) {
    RC_PRE(steps.runnable <= 1'000'000'000);  // sums of more may not fit
    if (!pool_of(steps.type, farm.config)) continue;
    waiting += steps.runnable;
    running += steps.running;
  }
  for (const PoolPlan& pool : plan(farm.seen, farm.config).pools) {
    RC_ASSERT(pool.runnable >= 0 && pool.running >= 0);
    waiting -= pool.runnable;
    running -= pool.running;
  }
  RC_ASSERT(waiting == 0);
  RC_ASSERT(running == 0);
}

RC_GTEST_PROP(Assignment, LeavesNothingThatFitsUnplaceable, ()) {
  const AnyFarm farm = *any_farm_with_trusted_status();
  const Plan p = plan(farm.seen, farm.config);
  for (const StepTypeCount& steps : farm.seen.queue->step_types) {
    const auto own = pool_of(steps.type, farm.config);
    const auto fitting = pools_that_serve(steps, farm.config);
    if (own && steps.type.system != "builtin") RC_ASSERT(std::ranges::find(fitting, *own) != fitting.end());
    if (fitting.empty()) continue;
    RC_ASSERT(own.has_value());
    RC_ASSERT(std::ranges::find(p.unplaceable, steps.key, &Unplaceable::step_type) == p.unplaceable.end());
  }
}

RC_GTEST_PROP(Assignment, IsToTheNarrowestPool, ()) {
  const AnyFarm farm = *any_farm_with_trusted_status();
  const auto width = [&](const PoolName& name) {
    const PoolConfig& pool = farm.config.pools.at(name);
    return std::tuple(pool.spill, pool.type.supported_features.size(), name);
  };
  for (const StepTypeCount& steps : farm.seen.queue->step_types) {
    const auto fitting = pools_that_serve(steps, farm.config);
    if (!fitting.empty()) RC_ASSERT(pool_of(steps.type, farm.config) == std::ranges::min(fitting, {}, width));
  }
}

// By work it also depends on the machines that are busy how much is left over.
RC_GTEST_PROP(Assignment, IsTheSameWhileStepsAndLimitsAre, ()) {
  AnyFarm farm = *any_farm_with_trusted_status();
  for (auto& [name, pool] : farm.config.pools) pool.scaling = Scaling::runnables;
  AnyFarm later = farm;
  std::erase_if(later.seen.machines, [](const Machine&) { return *rc::gen::arbitrary<bool>(); });
  if (later.seen.queue->machines) later.seen.queue->machines->clear();
  const Plan before = plan(farm.seen, farm.config);
  const Plan after = plan(later.seen, later.config);
  RC_ASSERT(before.pools.size() == after.pools.size());
  for (std::size_t i = 0; i < before.pools.size(); ++i) {
    RC_ASSERT(before.pools[i].runnable == after.pools[i].runnable);
    RC_ASSERT(before.pools[i].running == after.pools[i].running);
  }
}

RC_GTEST_PROP(EveryPlan, DrainsNothingUnderAnUntrustedStatus, ()) {
  const AnyFarm farm = *any_farm_with_untrusted_status();
  for (const Action& action : plan(farm.seen, farm.config).actions) {
    if (action.kind != ActionKind::drain) continue;
    const Machine* machine = machine_named(farm.seen, action.machine);
    RC_ASSERT(is_ordered_away(farm.seen.orders, *machine, farm.seen.now));
  }
}

RC_GTEST_PROP(EveryPlan, TakesDownOnlyNeverListedAndVanishedMachinesUnderAnUntrustedStatus, ()) {
  const AnyFarm farm = *any_farm_with_untrusted_status();
  for (const Action& action : plan(farm.seen, farm.config).actions) {
    if (takes_down(action)) RC_ASSERT(needs_no_proof(*machine_named(farm.seen, action.machine), farm.seen));
  }
}

RC_GTEST_PROP(EveryPlan, IsReconsideredAfterItsTime, ()) {
  const AnyFarm farm = *any_farm();
  const Plan p = plan(farm.seen, farm.config);
  if (p.reconsider_at) RC_ASSERT(*p.reconsider_at > farm.seen.now);
}

RC_GTEST_PROP(EveryPlan, DoesNotChangeByItselfBeforeItIsReconsidered, ()) {
  const AnyFarm farm = *any_farm();
  const Plan now = plan(farm.seen, farm.config);
  const Instant end = now.reconsider_at.value_or(farm.seen.now + std::chrono::days{30});
  AnyFarm later = farm;
  later.seen.now += Seconds{*rc::gen::inRange<std::int64_t>(0, (end - farm.seen.now).count())};
  RC_ASSERT(actions_of(plan(later.seen, later.config)) == actions_of(now));
}

}  // namespace
}  // namespace hydra_provisioner::decide
