#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/decide/farm.hpp"

namespace hydra_provisioner::decide {
namespace {

using namespace std::chrono_literals;

const std::string plain_pool = "x86_64-linux";

Farm by_work(Settings settings) {
  settings.scaling = Scaling::work;
  return farm(plain_pool, settings);
}

StepHistory built(std::int64_t steps, Seconds each) {
  return {.systems = {"i686-linux", "x86_64-linux"}, .mandatory_features = {}, .steps = steps, .time = each * steps};
}

PoolPlan planned(const Farm& farm) { return pool_plan(farm.decided(), plain_pool); }

TEST(Work, WantsTheBusyMachinesAndASlotForEveryStepOfUnknownDuration) {
  const PoolPlan pool = planned(
      by_work({.max_machines = 20, .max_jobs = 4}).has(ready(1).busy(4), ready(2).busy(1)).runnable(plain_pool, 9));
  EXPECT_EQ(pool.wanted, 5);
  EXPECT_EQ(pool.explanation,
            "9 runnable, 0 ignored, 0 soon begun; 2 busy + 3 for 9 steps of unknown duration within 300 s "
            "→ 5 wanted, 5 allowed");
}

TEST(Work, WantsNothingForIdleMachinesAlone) {
  EXPECT_EQ(planned(by_work({}).has(ready(1), ready(2))).wanted, 0);
  EXPECT_EQ(planned(by_work({}).has(ready(1).busy(1), ready(2))).wanted, 1);
}

TEST(Work, WantsFewerMachinesForShortSteps) {
  const auto wanted = [](Seconds each) {
    return planned(by_work({.max_machines = 100, .max_jobs = 4}).has_built(built(50, each)).runnable(plain_pool, 100))
        .wanted;
  };
  EXPECT_EQ(wanted(3000s), 25);  // a slot each
  EXPECT_EQ(wanted(300s), 25);
  EXPECT_EQ(wanted(60s), 5);  // 100 steps of 60 s are 5 times 300 s on 4 slots
  EXPECT_EQ(wanted(1s), 1);
}

TEST(Work, CountsHowLongStepsTookBeforeTheQueueRunnerRestarted) {
  const auto wanted = [](std::int64_t ended_since) {
    return planned(by_work({.max_machines = 100, .target_wait = 60s})
                       .steps_took(plain_pool, 23s)
                       .has_built(built(ended_since, 2s))
                       .runnable(plain_pool, 31))
        .wanted;
  };
  EXPECT_EQ(wanted(0), 12);  // 31 steps of 23 s are 12 times 60 s
  EXPECT_EQ(wanted(4), wanted(0)) << "a few say little";
  EXPECT_EQ(wanted(5), 2);
}

TEST(Work, CountsWithWhatHydrasDatabaseExpectsOfTheStepsThatWait) {
  const PoolPlan pool = planned(by_work({.max_machines = 100, .max_jobs = 4})
                                    .has_built(built(50, 1s))
                                    .steps_will_take("x86_64-linux", 60s)
                                    .steps_will_take("aarch64-linux", 3000s)
                                    .runnable(plain_pool, 100));
  EXPECT_EQ(pool.wanted, 5);
  EXPECT_THAT(pool.explanation, testing::HasSubstr("for 100 steps of 60 s within 300 s"));
}

TEST(Work, WeighsTheSystemsOfATypeByTheirWaitingSteps) {
  const MachineKind both{.systems = {"i686-linux", "x86_64-linux"}, .supported_features = {}, .mandatory_features = {}};
  const Farm farm = by_work({.max_machines = 100, .type = both})
                        .steps_will_take("i686-linux", 400s)
                        .steps_will_take("x86_64-linux", 100s);
  EXPECT_THAT(planned(Farm(farm).runnable("x86_64-linux", 3).runnable("i686-linux", 1)).explanation,
              testing::HasSubstr("of 175 s"));
  EXPECT_THAT(planned(farm).explanation, testing::HasSubstr("of 250 s")) << "each counts at least like one step";
}

TEST(Work, TrustsItsOwnMachinesMoreWhereStepsRequireFeatures) {
  const std::string kvm = "x86_64-linux:kvm";
  Settings settings{.max_machines = 100};
  settings.scaling = Scaling::work;
  const Farm farm = decide::farm(kvm, settings).steps_will_take("x86_64-linux", 60s).runnable(kvm, 1);
  EXPECT_THAT(pool_plan(farm.decided(), kvm).explanation, testing::HasSubstr("of 60 s"));
  const StepHistory of_kvm{
      .systems = {"x86_64-linux"}, .mandatory_features = {"kvm"}, .steps = 50, .time = Seconds{50 * 900}};
  EXPECT_THAT(pool_plan(Farm(farm).has_built(of_kvm).decided(), kvm).explanation, testing::HasSubstr("of 900 s"));
}

TEST(Work, WantsMoreMachinesTheShorterTheTargetWait) {
  const auto wanted = [](Seconds wait) {
    return planned(by_work({.max_machines = 100, .target_wait = wait, .max_jobs = 1})
                       .has_built(built(50, 60s))
                       .runnable(plain_pool, 100))
        .wanted;
  };
  EXPECT_EQ(wanted(600s), 10);
  EXPECT_EQ(wanted(60s), 100);
}

TEST(Work, LeavesOutWhatBusySlotsWillBeginBeforeANewMachineCould) {
  const Farm farm = by_work({.max_machines = 20, .target_wait = 60s, .max_jobs = 2})
                        .has(ready(1).busy(2).requested_for(1000s).ready_for(700s))
                        .has_built(built(50, 100s));
  // It took 300 s to boot: each of two slots begins three steps by then.
  EXPECT_EQ(planned(Farm(farm).runnable(plain_pool, 6)).wanted, 1);
  const PoolPlan pool = planned(Farm(farm).runnable(plain_pool, 7));
  EXPECT_EQ(pool.wanted, 2);
  EXPECT_EQ(pool.explanation,
            "7 runnable, 0 ignored, 6 soon begun; 1 busy + 1 for 1 step of 100 s within 60 s → 2 wanted, 2 allowed");
}

TEST(Work, LeavesIgnoredStepsToOthers) {
  EXPECT_EQ(planned(by_work({.ignored_runnables = 5}).runnable(plain_pool, 4)).wanted, 0);
  EXPECT_EQ(planned(by_work({.ignored_runnables = 5}).runnable(plain_pool, 7)).wanted, 2);
}

TEST(Work, JudgesByMachinesOfItsOwnKindAndByEnoughSteps) {
  const StepHistory featured{.systems = {"x86_64-linux"}, .mandatory_features = {"kvm"}, .steps = 50, .time = 50s};
  const StepHistory other{.systems = {"aarch64-linux"}, .mandatory_features = {}, .steps = 50, .time = 50s};
  EXPECT_EQ(planned(by_work({}).has_built(featured).has_built(other).runnable(plain_pool, 8)).wanted, 8);
  EXPECT_EQ(planned(by_work({}).has_built(built(4, 1s)).runnable(plain_pool, 8)).wanted, 8);
  EXPECT_EQ(planned(by_work({}).has_built(built(5, 1s)).runnable(plain_pool, 8)).wanted, 1);
}

TEST(Work, KeepsWithinTheLimits) {
  EXPECT_EQ(planned(by_work({.max_machines = 3}).runnable(plain_pool, 9)).target, 3);
  EXPECT_EQ(planned(by_work({.min_machines = 2})).target, 2);
}

TEST(Work, TakesMachinesForBusyThatTheStatusDoesNotTellOf) {
  const Farm farm =
      by_work({.max_jobs = 2}).has(ready(1), ready(2), ready(3)).running(plain_pool, 3).no_machines_in_status();
  EXPECT_EQ(planned(farm).wanted, 2);
  EXPECT_EQ(planned(Farm(farm).running(plain_pool, 90)).wanted, 3);  // others build those
}

MachineSeen booted_in_180_s(std::int64_t number) { return ready(number).requested_for(10h).ready_for(10h - 180s); }

// Four steps that take hours, where the average is a minute.
Farm held_up_by_long_steps() {
  return by_work({.max_machines = 20, .max_jobs = 4}).has(booted_in_180_s(1).busy(4)).has_built(built(200, 60s));
}

TEST(Work, BelievesTheAverageUntilStepsHaveWaitedForTheTargetWait) {
  const auto plan_after = [](Seconds waited) {
    return held_up_by_long_steps()
        .runnable(plain_pool, 20)
        .saw(plain_pool, {.waiting_since = noon - waited, .ended = 0})
        .decided();
  };
  EXPECT_EQ(pool_plan(plan_after(300s), plain_pool).wanted, 1);
  EXPECT_EQ(plan_after(300s).reconsider_at, noon + 1s);
  const PoolPlan late = pool_plan(plan_after(301s), plain_pool);
  EXPECT_EQ(late.wanted, 6) << "those that wait may take as long, so each gets a slot";
  EXPECT_EQ(late.explanation,
            "20 runnable, 0 ignored, 0 soon begun (0 ended in 300 s); 1 busy + 5 for 20 steps of unknown duration "
            "within 300 s → 6 wanted, 6 allowed");
}

TEST(Work, ExpectsWaitingStepsToTakeAsLongAsThoseThatRunWhereTheAverageIsFarOff) {
  const auto duration = [](std::int64_t ended) {
    const Plan p = held_up_by_long_steps()
                       .runnable(plain_pool, 40)
                       .saw(plain_pool, {.waiting_since = noon - 1h, .ended = ended})
                       .decided();
    const std::string& text = pool_plan(p, plain_pool).explanation;
    return text.substr(text.find("steps of ") + 9, 5);
  };
  EXPECT_EQ(duration(10), "60 s ") << "half as many as on average";
  EXPECT_EQ(duration(9), "133 s") << "4 slots for 300 s";
}

TEST(Work, CountsOnWhatHasEndedLatelyWhereThatIsLessThanTheAverageSays) {
  const auto soon_begun = [](std::int64_t ended) {
    const Plan p = held_up_by_long_steps()
                       .runnable(plain_pool, 40)
                       .saw(plain_pool, {.waiting_since = noon - 1h, .ended = ended, .fewer_ended_at = noon + 70s})
                       .decided();
    EXPECT_EQ(p.reconsider_at, noon + 70s);
    const std::string& text = pool_plan(p, plain_pool).explanation;
    return text.substr(text.find("ignored, ") + 9, 13);
  };
  EXPECT_EQ(soon_begun(7), "10 soon begun") << "4.2 in 180 of 300 s, and three roots more";
  EXPECT_EQ(soon_begun(0), "0 soon begun ");
  EXPECT_EQ(soon_begun(99), "20 soon begun");
}

TEST(Work, HasNoWaitingStepsWhereTheyAreIgnored) {
  Farm farm = by_work({.ignored_runnables = 5, .max_jobs = 4}).has(ready(1).busy(4)).has_built(built(200, 60s));
  const Plan p = farm.runnable(plain_pool, 5).saw(plain_pool, {.waiting_since = noon - 1h}).decided();
  EXPECT_THAT(pool_plan(p, plain_pool).explanation, testing::HasSubstr("0 soon begun; "));
}

Farm of_several_sizes(Settings settings = {}) {
  settings.jobs_by_machine = true;
  settings.max_machines = 20;
  return by_work(settings).new_machines_build(plain_pool, 8);
}

TEST(MachinesOfSeveralSizes, AreMadeForTheStepsThatTheOthersLeave) {
  const auto wanted = [](Farm farm, std::int64_t waiting) {
    return planned(farm.runnable(plain_pool, waiting)).wanted;
  };
  EXPECT_EQ(wanted(of_several_sizes(), 64), 8);
  EXPECT_EQ(wanted(of_several_sizes().has(coming(1).builds(64)), 64), 1) << "one that comes has room for all";
  EXPECT_EQ(wanted(of_several_sizes().has(coming(1).builds(64)), 65), 2);
  EXPECT_EQ(wanted(of_several_sizes().has(coming(1).builds(2), ready(2).builds(16)), 33), 4)
      << "16 steps on the bigger, 2 on the smaller, and 15 on two new ones";
  EXPECT_EQ(wanted(of_several_sizes().has(ready(1).builds(64).busy(64)), 8), 2) << "a busy one has no room";
  EXPECT_EQ(wanted(of_several_sizes().has(coming(1)), 16), 2) << "one of unknown size is like a new one";
}

TEST(MachinesOfSeveralSizes, ThatLeaveHaveNoRoom) {
  EXPECT_EQ(planned(of_several_sizes().has(ready(1).builds(64).noticed("soon")).runnable(plain_pool, 16)).wanted, 2);
  EXPECT_EQ(planned(of_several_sizes().has(draining(1).builds(64)).runnable(plain_pool, 16)).wanted, 2);
}

TEST(MachinesOfSeveralSizes, HaveRoomForSpareSlotsTogether) {
  Settings settings;
  settings.spare_slots = 4;
  Farm farm = of_several_sizes(settings).has(ready(1).builds(16).busy(14), coming(2).builds(2));
  farm.saw(plain_pool, {.arrived_at = noon});
  EXPECT_EQ(planned(farm).wanted, 2) << "14 run, 4 are free";
  EXPECT_EQ(planned(farm.runnable(plain_pool, 1)).wanted, 3);
}

TEST(MachinesOfSeveralSizes, AreExplainedByWhatANewOneBuilds) {
  EXPECT_THAT(planned(of_several_sizes().runnable(plain_pool, 1)).explanation,
              testing::EndsWith("; 8 steps at a time on a new machine"));
}

TEST(SpareSlots, AreFreeBesidesTheStepsWhileStepsArrive) {
  const auto planned_after = [](Seconds arrived_ago, Scaling scaling) {
    Settings settings{.max_machines = 20, .runnables_per_machine = 10, .scaling = scaling, .max_jobs = 4};
    settings.spare_slots = 3;
    return farm(plain_pool, settings)
        .has(ready(1).busy(4), ready(2).busy(1))
        .runnable(plain_pool, 2)
        .saw(plain_pool, {.arrived_at = noon - arrived_ago})
        .decided();
  };
  for (const Scaling scaling : {Scaling::work, Scaling::runnables})
    EXPECT_EQ(pool_plan(planned_after(599s, scaling), plain_pool).wanted, 3);
  EXPECT_EQ(planned_after(599s, Scaling::runnables).reconsider_at, noon + 1s);
  EXPECT_EQ(pool_plan(planned_after(600s, Scaling::runnables), plain_pool).wanted, 1);
  EXPECT_EQ(pool_plan(planned_after(0s, Scaling::runnables), plain_pool).explanation,
            "2 runnable, 0 ignored, 10 per machine; 5 running + 2 waiting + 3 spare slots, 4 per machine "
            "→ 3 wanted, 3 allowed");
}

TEST(SpareSlots, AreNoneWithoutASingleStep) {
  Settings settings{.max_machines = 20, .max_jobs = 4};
  settings.spare_slots = 3;
  const Plan p = farm(plain_pool, settings).has(ready(1)).saw(plain_pool, {.arrived_at = noon}).decided();
  EXPECT_EQ(pool_plan(p, plain_pool).wanted, 0);
}

TEST(SpareSlots, AreAsManyAsTheArrivalsOfTheLastHourSuggest) {
  const auto spare = [](std::int64_t arrived) {
    Settings settings{.max_machines = 100};
    settings.spares_by_arrivals = true;
    const Plan p = farm(plain_pool, settings)
                       .has(booted_in_180_s(1).busy(1))
                       .saw(plain_pool, {.arrived = arrived, .arrived_at = noon - 10s})
                       .decided();
    return pool_plan(p, plain_pool).wanted - 1;
  };
  EXPECT_EQ(spare(20), 1);
  EXPECT_EQ(spare(320), 1);  // 16 within a boot
  EXPECT_EQ(spare(321), 2);
  EXPECT_EQ(spare(2000), 3);  // 100 within a boot: 2.5
}

TEST(Work, CountsTheStepsOfMachinesOfItsKindOnly) {
  const auto wanted = [](std::optional<std::set<std::string>> supported, const std::set<std::string>& mandatory) {
    StepHistory past = built(50, 60s);
    past.supported_features = std::move(supported);
    past.mandatory_features = mandatory;
    const MachineKind kind{.systems = {"x86_64-linux"}, .supported_features = {"big", "kvm"}};
    return planned(
               by_work({.max_machines = 100, .max_jobs = 4, .type = kind}).has_built(past).runnable(plain_pool, 100))
        .wanted;
  };
  constexpr std::int64_t of_known_duration = 5;
  EXPECT_EQ(wanted({{"big", "kvm"}}, {}), of_known_duration);
  EXPECT_EQ(wanted(std::nullopt, {}), of_known_duration) << "an old queue runner does not say what they support";
  EXPECT_EQ(wanted({{"kvm"}}, {}), 25);
  EXPECT_EQ(wanted({{"big", "kvm"}}, {"kvm"}), 25);
}

}  // namespace
}  // namespace hydra_provisioner::decide
