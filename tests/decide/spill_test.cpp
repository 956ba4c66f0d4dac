// Pools whose features overlap: who builds what, and who what is too much for others.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/decide/farm.hpp"

namespace hydra_provisioner::decide {
namespace {

using namespace std::chrono_literals;
using testing::HasSubstr;

using Words = std::set<std::string>;

// Machines that require no feature.
MachineKind machines(Words systems, Words features) {
  return {.systems = std::move(systems), .supported_features = std::move(features)};
}

const MachineKind any_of_x86 = machines({"i686-linux", "x86_64-linux"}, {"benchmark", "big-parallel", "kvm"});

std::int64_t waiting_in(const Plan& plan, const std::string& pool) { return pool_plan(plan, pool).runnable; }

// In which pool a step of this type counts; "none": in no one.
std::string place_of(Farm farm, const std::string& step_type) {
  const Plan plan = farm.runnable(step_type, 1).decided();
  for (const PoolPlan& pool : plan.pools) {
    if (pool.runnable > 0) return pool.name.text;
  }
  return "none";
}

TEST(Assignment, StepsMayRequireAnySubsetOfTheSupportedFeatures) {
  const Farm big = farm("big", {.type = any_of_x86});
  for (const char* type : {"x86_64-linux", "i686-linux", "x86_64-linux:kvm", "x86_64-linux:benchmark,local",
                           "x86_64-linux:big-parallel,kvm", "i686-linux:benchmark,big-parallel,kvm"})
    EXPECT_EQ(place_of(big, type), "big") << type;
  for (const char* type : {"aarch64-linux", "x86_64-linux:nixos-test", "x86_64-linux:kvm,nixos-test"})
    EXPECT_EQ(place_of(big, type), "none") << type;
}

TEST(Assignment, StepsMustRequireTheMandatoryFeatures) {
  MachineKind kind = any_of_x86;
  kind.mandatory_features = {"benchmark"};
  const Farm measuring = farm("measuring", {.type = kind});
  EXPECT_EQ(place_of(measuring, "x86_64-linux:benchmark"), "measuring");
  EXPECT_EQ(place_of(measuring, "x86_64-linux:benchmark,kvm"), "measuring");
  EXPECT_EQ(place_of(measuring, "x86_64-linux"), "none");
  EXPECT_EQ(place_of(measuring, "x86_64-linux:kvm"), "none");
}

TEST(Assignment, TheNarrowestPoolTakesAStep) {
  const Farm several = farm()
                           .pool("a-widest", {.type = any_of_x86})
                           .pool("b-wide", {.type = machines({"x86_64-linux"}, {"big-parallel", "kvm"})})
                           .pool("x86_64-linux")
                           .pool("x86_64-linux:kvm");
  EXPECT_EQ(place_of(several, "x86_64-linux"), "x86_64-linux");
  EXPECT_EQ(place_of(several, "x86_64-linux:kvm"), "x86_64-linux:kvm");
  EXPECT_EQ(place_of(several, "x86_64-linux:big-parallel"), "b-wide");
  EXPECT_EQ(place_of(several, "x86_64-linux:big-parallel,kvm"), "b-wide");
  EXPECT_EQ(place_of(several, "x86_64-linux:benchmark"), "a-widest");
}

TEST(Assignment, OfPoolsThatAreEquallyNarrowTheFirstByNameTakesAStep) {
  const Farm two = farm()
                       .pool("b", {.type = machines({"x86_64-linux"}, {"benchmark", "kvm"})})
                       .pool("a", {.type = machines({"x86_64-linux"}, {"big-parallel", "kvm"})});
  EXPECT_EQ(place_of(two, "x86_64-linux:kvm"), "a");
  EXPECT_EQ(place_of(two, "x86_64-linux:benchmark"), "b");
}

TEST(Assignment, DemandOfSeveralTypesInOnePoolIsCountedOnce) {
  const Plan p = farm("big", {.runnables_per_machine = 10, .type = any_of_x86})
                     .runnable("x86_64-linux", 4)
                     .runnable("x86_64-linux:kvm", 3)
                     .runnable("x86_64-linux:benchmark,local", 2)
                     .runnable("i686-linux:big-parallel", 1)
                     .running("x86_64-linux:kvm", 5)
                     .decided();
  EXPECT_EQ(waiting_in(p, "big"), 10);
  EXPECT_EQ(pool_plan(p, "big").running, 5);
  EXPECT_EQ(pool_plan(p, "big").wanted, 1) << "where four types of their own would have wanted four";
}

TEST(Assignment, KnowsTheFeaturesThatPeopleHave) {
  const Farm farm_ = farm(
      "builders",
      {.type = machines({"aarch64-linux", "i686-linux", "x86_64-linux"},
                        {"ca-derivations", "gccarch-x86-64-v3", "kvm", "nixos-test", "nvidia:cuda:12", "uid-range"})});
  for (const char* type :
       {"x86_64-linux:gccarch-x86-64-v3", "x86_64-linux:uid-range", "x86_64-linux:kvm,nixos-test",
        "x86_64-linux:ca-derivations", "x86_64-linux:nvidia:cuda:12", "x86_64-linux:kvm,nvidia:cuda:12,local"})
    EXPECT_EQ(place_of(farm_, type), "builders") << type;
  EXPECT_EQ(place_of(farm_, "x86_64-linux:gccarch-znver4"), "none");
  EXPECT_EQ(place_of(farm_, "x86_64-linux:nvidia"), "none") << "a part of a feature's name";
}

TEST(Assignment, KnowsEmulatedSystems) {
  const Farm emulating =
      farm()
          .pool("x86_64-linux")
          .pool("emulating", {.type = machines({"armv7l-linux", "riscv64-linux", "x86_64-linux"}, {})})
          .pool("aarch64-linux");
  EXPECT_EQ(place_of(emulating, "riscv64-linux"), "emulating");
  EXPECT_EQ(place_of(emulating, "armv7l-linux"), "emulating");
  EXPECT_EQ(place_of(emulating, "aarch64-linux"), "aarch64-linux");
  EXPECT_EQ(place_of(emulating, "x86_64-linux"), "emulating") << "as narrow as the other, and the first by name";
}

TEST(Assignment, APoolMayHaveElevenSystems) {
  const Words systems{"aarch64-linux", "armv5tel-linux", "armv6l-linux",      "armv7l-linux",
                      "i686-linux",    "mips64el-linux", "powerpc64le-linux", "riscv32-linux",
                      "riscv64-linux", "s390x-linux",    "x86_64-linux"};
  Farm wide = farm("all", {.max_machines = 100, .type = machines(systems, {"kvm"})});
  for (const std::string& system : systems) wide.runnable(system + ":kvm", 1).runnable(system, 1);
  EXPECT_EQ(waiting_in(wide.decided(), "all"), 22);
}

TEST(Assignment, BuiltinStepsGoToTheNarrowestPoolOfTheQueueRunnersSystem) {
  MachineKind measuring = any_of_x86;
  measuring.mandatory_features = {"benchmark"};
  Farm several = farm().pool("a", {.type = any_of_x86}).pool("b", {.type = measuring}).pool("x86_64-linux");
  EXPECT_EQ(place_of(several, "builtin"), "x86_64-linux");
  EXPECT_EQ(place_of(farm().pool("a", {.type = any_of_x86}).pool("b", {.type = measuring}), "builtin:local"), "a");
  EXPECT_EQ(place_of(farm().pool("b", {.type = measuring}), "builtin"), "none");
  EXPECT_EQ(place_of(several.builtin_system("s390x-linux"), "builtin"), "a") << "the first without mandatory ones";
  EXPECT_EQ(place_of(several.builtin_system("builtin"), "builtin"), "a") << "though that is no system";
}

// A plain pool of two machines, five steps each, and a spill pool with a machine for each step.
Farm spilling() {
  return farm("x86_64-linux", {.max_machines = 2, .runnables_per_machine = 5})
      .pool("spot", {.type = any_of_x86, .spill = true});
}

TEST(Spill, TakesWhatExceedsWhatTheOtherPoolMayBuildAtItsMaximum) {
  const Plan fits = spilling().runnable("x86_64-linux", 10).decided();
  EXPECT_EQ(waiting_in(fits, "x86_64-linux"), 10);
  EXPECT_EQ(waiting_in(fits, "spot"), 0);
  const Plan exceeds = spilling().runnable("x86_64-linux", 13).decided();
  EXPECT_EQ(waiting_in(exceeds, "x86_64-linux"), 10);
  EXPECT_EQ(waiting_in(exceeds, "spot"), 3);
  EXPECT_EQ(pool_plan(exceeds, "spot").wanted, 3);
  EXPECT_EQ(pool_plan(exceeds, "x86_64-linux").explanation,
            "10 runnable, 0 ignored, 5 per machine → 2 wanted, 2 allowed; 3 more for spot");
}

TEST(Spill, LeavesIgnoredStepsWhereTheyAre) {
  const Plan p = farm("x86_64-linux", {.max_machines = 2, .ignored_runnables = 4, .runnables_per_machine = 5})
                     .pool("spot", {.type = any_of_x86, .spill = true})
                     .runnable("x86_64-linux", 15)
                     .decided();
  EXPECT_EQ(waiting_in(p, "x86_64-linux"), 14);
  EXPECT_EQ(waiting_in(p, "spot"), 1);
}

TEST(Spill, TakesStepsThatNoOtherPoolServes) {
  const Plan p = spilling().runnable("x86_64-linux:kvm", 3).decided();
  EXPECT_EQ(waiting_in(p, "spot"), 3);
  EXPECT_EQ(place_of(spilling().pool("spot-kvm", {.type = machines({"x86_64-linux"}, {"kvm"}), .spill = true}),
                     "x86_64-linux:kvm"),
            "spot-kvm")
      << "the narrowest of them";
}

TEST(Spill, GoesToTheNarrowestSpillPool) {
  const Plan p = spilling()
                     .pool("a-widest", {.type = machines({"x86_64-linux"}, {"a", "b", "c", "d"}), .spill = true})
                     .pool("narrow", {.type = machines({"x86_64-linux"}, {"kvm"}), .spill = true})
                     .runnable("x86_64-linux", 12)
                     .decided();
  EXPECT_EQ(waiting_in(p, "narrow"), 2);
}

TEST(Spill, StepsThatNoSpillPoolServesKeepTheirPlace) {
  const Plan p = farm("big", {.max_machines = 2, .runnables_per_machine = 5, .type = any_of_x86})
                     .pool("spot", {.type = machines({"x86_64-linux"}, {}), .spill = true})
                     .runnable("x86_64-linux", 6)
                     .runnable("x86_64-linux:kvm", 20)
                     .decided();
  EXPECT_EQ(waiting_in(p, "big"), 20);
  EXPECT_EQ(waiting_in(p, "spot"), 6);
  EXPECT_EQ(pool_plan(p, "big").wanted, 4);
  EXPECT_EQ(pool_plan(p, "big").target, 2);
}

TEST(Spill, CountsTheLimitsInForce) {
  const Plan ordered =
      spilling().ordered(OrderKind::max_machines, "x86_64-linux", 0).runnable("x86_64-linux", 7).decided();
  EXPECT_EQ(waiting_in(ordered, "x86_64-linux"), 0);
  EXPECT_EQ(waiting_in(ordered, "spot"), 7);
  const ScheduledLimits night{.period = "night", .min_machines = {}, .max_machines = 3, .until = {}};
  const Plan scheduled = spilling().scheduled("x86_64-linux", night).runnable("x86_64-linux", 16).decided();
  EXPECT_EQ(waiting_in(scheduled, "x86_64-linux"), 15);
  EXPECT_EQ(waiting_in(scheduled, "spot"), 1);
}

TEST(Spill, TakesRunningStepsForWhichTheOtherPoolHasNoSlots) {
  const Plan p = farm("x86_64-linux", {.max_machines = 2, .max_jobs = 3})
                     .pool("spot", {.type = any_of_x86, .spill = true})
                     .running("x86_64-linux", 8)
                     .decided();
  EXPECT_EQ(pool_plan(p, "x86_64-linux").running, 6);
  EXPECT_EQ(pool_plan(p, "spot").running, 2);
}

TEST(Spill, ByWorkTakesTheStepsForWhichMoreMachinesThanTheMaximumWouldBeWanted) {
  const auto spilled = [](std::int64_t busy_jobs, Seconds each) {
    const StepHistory past{.systems = {"x86_64-linux"},
                           .mandatory_features = {},
                           .steps = 50,
                           .time = each * 50,
                           .supported_features = {}};
    const Plan p = farm("spot", {.max_machines = 100, .type = any_of_x86, .spill = true})
                       .pool("x86_64-linux", {.max_machines = 3, .scaling = Scaling::work, .max_jobs = 2})
                       .has(ready(1).requested_for(4h + 60s).busy(busy_jobs))
                       .has_built(past)
                       .runnable("x86_64-linux", 100)
                       .decided();
    EXPECT_EQ(waiting_in(p, "x86_64-linux") + waiting_in(p, "spot"), 100) << "each step counts once";
    EXPECT_LE(pool_plan(p, "x86_64-linux").wanted, 3);
    return waiting_in(p, "spot");
  };
  EXPECT_EQ(spilled(0, 3000s), 94) << "six slots for steps that take longer than anybody wants to wait";
  EXPECT_EQ(spilled(2, 3000s), 96) << "four of them are free";
  EXPECT_EQ(spilled(0, 100s), 82) << "each slot begins three steps within the 300 s";
  EXPECT_EQ(spilled(2, 100s), 82) << "also those that are taken now";
  EXPECT_EQ(spilled(0, 1s), 0);
}

TEST(Spill, NeedsATrustedStatus) {
  const Plan p = spilling().runnable("x86_64-linux", 99).untrusted("down").decided();
  EXPECT_EQ(waiting_in(p, "spot"), 0);
}

TEST(Spill, SaysNothingOfStepsThatFitNoPool) {
  const Plan p = spilling().runnable("aarch64-linux", 99).decided();
  ASSERT_EQ(p.unplaceable.size(), 1u);
  EXPECT_EQ(p.unplaceable[0].runnable, 99);
}

}  // namespace
}  // namespace hydra_provisioner::decide
