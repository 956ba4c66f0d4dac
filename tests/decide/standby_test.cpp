// Stopped machines that are kept beside those that run.
#include <algorithm>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include "decide/plan.hpp"
#include "tests/decide/farm.hpp"

namespace hydra_provisioner::decide {
namespace {

using namespace std::chrono_literals;

using testing::ElementsAre;
using testing::HasSubstr;

const std::string standing_by = "x86_64-linux";

bool stands_by(const Plan& plan, std::int64_t number) { return action_on(plan, number).stands_by; }

TEST(Standby, MachinesAreMadeUntilThereAreEnough) {
  const Plan p = farm(standing_by, {.standby_machines = 3}).has(stopped(1)).decided();
  EXPECT_EQ(actions_of(p), "create 100, create 101, keep 1");
  EXPECT_EQ(reason_of<ActionKind::create>(p, 100), "1 of 2 new machines to stand by");
  EXPECT_EQ(reason_of<ActionKind::keep>(p, 1), "stopped; stands by (standbyMachines 3)");
  EXPECT_TRUE(stands_by(p, 100) && stands_by(p, 101));
  EXPECT_EQ(pool_plan(p, standing_by).target, 0);
}

TEST(Standby, MachinesAreMadeOnlyAsFarAsTheMaximumLeavesRoom) {
  const Plan p = farm(standing_by, {.max_machines = 4, .standby_machines = 3})
                     .has(ready(1), stopped(2))
                     .runnable(standing_by, 1)
                     .decided();
  EXPECT_EQ(actions_of(p), "create 100, create 101, keep 1, keep 2");
  const Plan full = farm(standing_by, {.max_machines = 2, .standby_machines = 2})
                        .has(ready(1), stopped(2))
                        .runnable(standing_by, 1)
                        .decided();
  EXPECT_EQ(actions_of(full), "keep 1, keep 2");
  EXPECT_THAT(pool_plan(full, standing_by).notes, ElementsAre());
}

TEST(Standby, MachinesAreStartedFirstWhenTheyAreNeededAndThenReplaced) {
  const Plan p =
      farm(standing_by, {.standby_machines = 2}).has(stopped(1), stopped(2)).runnable(standing_by, 3).decided();
  EXPECT_EQ(actions_of(p), "create 100, create 101, create 102, start 1, start 2");
  EXPECT_FALSE(stands_by(p, 1) || stands_by(p, 100)) << "these are needed";
  EXPECT_TRUE(stands_by(p, 101) && stands_by(p, 102));
}

TEST(Standby, MachinesAreThoseThatAreNotNeededAnyMore) {
  const Plan p = farm(standing_by, {.standby_machines = 1}).has(draining(1), draining(2)).decided();
  EXPECT_EQ(actions_of(p), "destroy 1, stop 2") << "one stands by, and none is made";
  const Plan before = farm(standing_by, {.grace_period = 2h}).has(ready(1)).decided();
  EXPECT_EQ(actions_of(before), "keep 1");
  Settings settings{.standby_machines = 1, .grace_period = 2h};
  EXPECT_EQ(actions_of(farm(standing_by, settings).has(ready(1)).decided()), "keep 1");
  EXPECT_EQ(actions_of(farm(standing_by, settings).has(stopping(1).under_way(Operation::stop)).decided()), "keep 1");
}

TEST(Standby, MachinesAreThoseThatComeAndAreNotNeeded) {
  const Settings settings{.standby_machines = 1};
  const Plan p = farm(standing_by, settings).has(coming(1)).decided();
  EXPECT_EQ(actions_of(p), "keep 1");
  EXPECT_TRUE(stands_by(p, 1));
  const Plan needed = farm(standing_by, settings).has(coming(1)).runnable(standing_by, 1).decided();
  EXPECT_EQ(actions_of(needed), "create 100, keep 1");
  EXPECT_FALSE(stands_by(needed, 1));
  const Plan without = farm(standing_by, {.stop_on_idle = true}).has(coming(1)).decided();
  EXPECT_FALSE(stands_by(without, 1)) << "it is listed when it is ready";
}

TEST(Standby, MachinesAreNotThoseThatTheirCloudTakesBack) {
  const Plan p = farm(standing_by, {.standby_machines = 1}).has(draining(1), draining(2).noticed("it ends")).decided();
  EXPECT_EQ(actions_of(p), "stop 1, destroy 2");
}

TEST(Standby, MachinesAreTheLatestOfThoseUnderWay) {
  const Plan p = farm(standing_by, {.standby_machines = 1})
                     .has(coming(1).under_way(Operation::create), coming(2).under_way(Operation::create))
                     .runnable(standing_by, 1)
                     .decided();
  EXPECT_EQ(actions_of(p), "keep 1, keep 2");
  EXPECT_FALSE(stands_by(p, 1));
  EXPECT_TRUE(stands_by(p, 2));
}

TEST(Standby, AMachineThatMayHaveBeenListedIsListedAgainFirst) {
  const Settings settings{.standby_machines = 1};
  EXPECT_FALSE(stands_by(farm(standing_by, settings).has(coming(1).first_listed_for(1h)).decided(), 1));
  const Plan p =
      farm(standing_by, settings).has(coming(1).first_listed_for(1h).under_way(Operation::redeploy)).decided();
  EXPECT_EQ(actions_of(p), "keep 1");
  EXPECT_FALSE(stands_by(p, 1));
}

TEST(Standby, AnInterruptedCreationIsCarriedOn) {
  const Plan p = farm(standing_by, {.standby_machines = 1}).has(coming(1).interrupted()).decided();
  EXPECT_EQ(reason_of<ActionKind::create>(p, 1), "its creation was interrupted; carried on");
  EXPECT_TRUE(stands_by(p, 1));
}

TEST(Standby, AMachineThatWasNeverListedIsStoppedThoughItIsPaidFor) {
  const Plan p = farm(standing_by, {.standby_machines = 1, .billing_period = 3600s})
                     .has(draining(1).never_listed().launched_for(60s))
                     .decided();
  EXPECT_EQ(reason_of<ActionKind::stop>(p, 1), "surplus; never listed");
}

TEST(Standby, OutdatedMachinesAreReplaced) {
  const Plan p = farm(standing_by, {.standby_machines = 1})
                     .has(stopped(1).made_from("old"))
                     .specification(standing_by, "new")
                     .decided();
  EXPECT_EQ(actions_of(p), "create 100, destroy 1");
}

TEST(Standby, TooManyAreDestroyedUnlessAllThatAreIdleAreStopped) {
  const Plan p = farm(standing_by, {.standby_machines = 1}).has(stopped(1), stopped(2)).decided();
  EXPECT_EQ(actions_of(p), "keep 1, destroy 2");
  EXPECT_THAT(reason_of<ActionKind::destroy>(p, 2), HasSubstr("stopped; beyond standbyMachines 1"));
  const Plan all =
      farm(standing_by, {.standby_machines = 1, .stop_on_idle = true}).has(stopped(1), stopped(2)).decided();
  EXPECT_EQ(actions_of(all), "keep 1, keep 2");
}

TEST(Standby, NoneIsMadeWhileOneExistsThatTheProviderRefusesToStop) {
  const Plan p = farm(standing_by, {.standby_machines = 1}).has(draining(1).refuses_to_stop()).decided();
  EXPECT_EQ(actions_of(p), "destroy 1");
  EXPECT_THAT(pool_plan(p, standing_by).notes,
              ElementsAre("none is made to stand by: the provider refuses to stop hydra-provisioned-1"));
}

TEST(Standby, NoneIsMadeForADayAfterTheProviderRefusedToStopOne) {
  const auto planned = [](Seconds ago) {
    return farm(standing_by, {.standby_machines = 1}).refused_to_stop(standing_by, noon - ago).decided();
  };
  const Plan p = planned(23h);
  EXPECT_EQ(actions_of(p), "");
  EXPECT_EQ(pool_plan(p, standing_by).held, ReasonCode::standby);
  EXPECT_THAT(pool_plan(p, standing_by).notes,
              ElementsAre("none is made to stand by for another 3600 s: the provider refused to stop a machine; remove "
                          "standbyMachines, or order: retry x86_64-linux"));
  EXPECT_EQ(p.reconsider_at, noon + 1h);
  EXPECT_EQ(actions_of(planned(24h)), "create 100");
}

TEST(Standby, NoneIsMadeWhereNoMachineWouldBe) {
  const Settings settings{.standby_machines = 1};
  EXPECT_EQ(actions_of(farm(standing_by, settings).untrusted("it is down").decided()), "");
  EXPECT_EQ(actions_of(farm(standing_by, settings).ordered(OrderKind::pause, "").decided()), "");
  EXPECT_EQ(actions_of(farm(standing_by, settings).failed_passes(standing_by, 1, noon - 1s).decided()), "");
  EXPECT_EQ(
      actions_of(
          farm(standing_by, settings).budget({.limit = Micros{1}, .percent = 100, .until = noon + 12h}).decided()),
      "");
  EXPECT_EQ(actions_of(farm().retired_pool(standing_by, settings).has(stopped(1)).decided()), "destroy 1");
}

// What the actions of a plan lead to when all of them succeed at once.
void bring_up(Machine& machine, const Action& action) {
  const bool is_used = !action.stands_by;
  machine.state = is_used ? MachineState::ready : MachineState::draining;
  machine.requested_at = noon - 1h;
  machine.listing = {};
  machine.listing.is_listed = is_used;
  if (is_used) machine.listing.began_at = machine.listing.first_began_at = noon - 1h;
}

void carry_out(const Action& action, Snapshot& seen) {
  if (action.kind == ActionKind::keep) return;
  const bool is_new = number_of(action.machine) >= seen.next_number;
  if (is_new) {
    Machine machine;
    machine.id = action.machine;
    machine.pool = action.pool;
    seen.machines.push_back(std::move(machine));
    seen.next_number = number_of(action.machine) + 1;
  }
  const auto machine = std::ranges::find(seen.machines, action.machine, &Machine::id);
  if (action.kind == ActionKind::create || action.kind == ActionKind::start || action.kind == ActionKind::undrain) {
    bring_up(*machine, action);
  } else if (action.kind == ActionKind::drain) {
    machine->state = MachineState::draining;
    machine->listing.is_listed = false;
    machine->listing.ended_at = noon - 1h;
  } else if (action.kind == ActionKind::stop) {
    machine->state = MachineState::stopped;
  } else {
    seen.machines.erase(machine);
  }
}

MachineSeen any_seen(std::int64_t number) {
  switch (*rc::gen::inRange(0, 4)) {
    case 0:
      return ready(number);
    case 1:
      return draining(number);
    case 2:
      return coming(number).interrupted();
    default:
      return stopped(number);
  }
}

Farm any_farm_with_standbys() {
  Settings settings{.max_machines = *rc::gen::inRange<std::int64_t>(0, 6)};
  settings.min_machines = *rc::gen::inRange<std::int64_t>(0, settings.max_machines + 1);
  settings.spare_machines = *rc::gen::inRange<std::int64_t>(0, 3);
  settings.standby_machines = *rc::gen::inRange<std::int64_t>(1, 4);
  settings.stop_on_idle = *rc::gen::arbitrary<bool>();
  Farm farm = decide::farm(standing_by, settings).no_machines_in_status();
  const auto count = *rc::gen::inRange<std::int64_t>(0, 7);
  for (std::int64_t number = 1; number <= count; ++number) farm.has(any_seen(number));
  farm.runnable(standing_by, *rc::gen::inRange<std::int64_t>(0, 5));
  return farm;
}

RC_GTEST_PROP(Standby, ComesToRestWithinTheMaximum, ()) {
  const Farm farm = any_farm_with_standbys();
  const PoolConfig& pool = farm.config().pools.at(PoolName{standing_by});
  Snapshot seen = farm.seen();
  const auto all_at_first = std::ssize(seen.machines);
  Plan now = plan(seen, farm.config());
  for (int passes = 0; has_changes(now); ++passes) {
    RC_ASSERT(passes < 12);
    for (const Action& action : now.actions) carry_out(action, seen);
    RC_ASSERT(std::ssize(seen.machines) <= std::max<std::int64_t>(all_at_first, pool.max_machines));
    now = plan(seen, farm.config());
  }
  const auto stopped = std::ranges::count(seen.machines, MachineState::stopped, &Machine::state);
  const std::int64_t target = now.pools.front().target;
  RC_ASSERT(std::ssize(seen.machines) - stopped == target);
  RC_ASSERT(stopped >= std::min(pool.standby_machines, pool.max_machines - target));
  RC_ASSERT(pool.stop_on_idle || stopped <= pool.standby_machines);
}

}  // namespace
}  // namespace hydra_provisioner::decide
