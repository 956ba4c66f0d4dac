#include <cstdint>
#include <limits>

#include <gtest/gtest.h>

#include "tests/decide/farm.hpp"

namespace hydra_provisioner::decide {
namespace {

std::int64_t runnable_in(const Plan& plan, const std::string& pool) { return pool_plan(plan, pool).runnable; }

TEST(Demand, AStepTypeGoesToThePoolOfItsSystem) {
  const Plan p = farm().pool("aarch64-linux").pool("x86_64-linux").runnable("x86_64-linux", 3).decided();
  EXPECT_EQ(runnable_in(p, "x86_64-linux"), 3);
  EXPECT_EQ(runnable_in(p, "aarch64-linux"), 0);
}

TEST(Demand, X86_64BringsI686Along) {
  const Plan p = farm("x86_64-linux").runnable("x86_64-linux", 3).runnable("i686-linux", 2).decided();
  EXPECT_EQ(runnable_in(p, "x86_64-linux"), 5);
}

TEST(Demand, I686DoesNotBringX86_64Along) {
  const Plan p = farm("i686-linux").runnable("x86_64-linux", 3).decided();
  EXPECT_EQ(runnable_in(p, "i686-linux"), 0);
}

TEST(Demand, ThePseudoFeatureLocalIsRemoved) {
  const Plan p = farm("x86_64-linux").runnable("x86_64-linux", 1).runnable("x86_64-linux:local", 2).decided();
  EXPECT_EQ(runnable_in(p, "x86_64-linux"), 3);
}

TEST(Demand, LocalIsRemovedFromAmongOtherFeatures) {
  const Plan p = farm("x86_64-linux:kvm").runnable("x86_64-linux:kvm,local", 2).decided();
  EXPECT_EQ(runnable_in(p, "x86_64-linux:kvm"), 2);
}

TEST(Demand, APoolsFeaturesMustAllBeRequired) {
  const Plan p = farm("x86_64-linux:benchmark,kvm").runnable("x86_64-linux:kvm", 2).decided();
  EXPECT_EQ(runnable_in(p, "x86_64-linux:benchmark,kvm"), 0);
}

TEST(Demand, RequiredFeaturesMustAllBeSupported) {
  const Plan p = farm("x86_64-linux:kvm").runnable("x86_64-linux:benchmark,kvm", 2).decided();
  EXPECT_EQ(runnable_in(p, "x86_64-linux:kvm"), 0);
}

TEST(Demand, FeaturesAreSetsNotStrings) {
  const Plan p = farm("x86_64-linux:kvm,benchmark").runnable("x86_64-linux:benchmark,kvm", 2).decided();
  EXPECT_EQ(runnable_in(p, "x86_64-linux:kvm,benchmark"), 2);
}

TEST(Demand, OfSeveralPoolsTheFirstByNameTakesAllWithoutOverflow) {
  const Plan p = farm()
                     .pool("x86_64-linux", {.max_machines = 9})
                     .pool("aarch64-linux,x86_64-linux", {.max_machines = 1})
                     .runnable("x86_64-linux", 5)
                     .decided();
  EXPECT_EQ(runnable_in(p, "aarch64-linux,x86_64-linux"), 5);
  EXPECT_EQ(runnable_in(p, "x86_64-linux"), 0);
}

TEST(Demand, BuiltinStepsGoToThePoolWithoutFeaturesThatHasX86_64) {
  const Plan p = farm()
                     .pool("aarch64-linux")
                     .pool("x86_64-linux")
                     .pool("x86_64-linux:kvm")
                     .runnable("builtin", 4)
                     .runnable("builtin:local", 2)
                     .decided();
  EXPECT_EQ(runnable_in(p, "x86_64-linux"), 6);
}

TEST(Demand, BuiltinStepsGoToThePoolOfTheQueueRunnersOwnSystem) {
  const Plan p = farm()
                     .builtin_system("aarch64-linux")
                     .pool("aarch64-linux")
                     .pool("aarch64-linux:kvm")
                     .pool("x86_64-linux")
                     .runnable("builtin", 4)
                     .decided();
  EXPECT_EQ(runnable_in(p, "aarch64-linux"), 4);
}

TEST(Demand, BuiltinStepsGoElseToTheFirstPoolWithoutFeatures) {
  const Plan p =
      farm().pool("aarch64-linux:kvm").pool("armv7l-linux").pool("riscv64-linux").runnable("builtin", 4).decided();
  EXPECT_EQ(runnable_in(p, "armv7l-linux"), 4);
}

TEST(Demand, BuiltinStepsAreUnplaceableWhenEveryPoolHasFeatures) {
  const Plan p = farm("x86_64-linux:kvm").runnable("builtin", 4).decided();
  ASSERT_EQ(p.unplaceable.size(), 1u);
  EXPECT_EQ(p.unplaceable[0].step_type, "builtin");
}

TEST(Demand, WhatFitsNowhereIsReportedAsUnplaceable) {
  const Plan p = farm("x86_64-linux").runnable("x86_64-linux", 1).runnable("x86_64-darwin", 3).decided();
  ASSERT_EQ(p.unplaceable.size(), 1u);
  EXPECT_EQ(p.unplaceable[0].step_type, "x86_64-darwin");
  EXPECT_EQ(p.unplaceable[0].runnable, 3);
}

TEST(Demand, StepsThatMachinesElsewhereServeAreNotUnplaceable) {
  const MachineKind mac{.systems = {"aarch64-darwin"}, .supported_features = {"apple"}, .mandatory_features = {}};
  const MachineKind kvm{
      .systems = {"x86_64-linux"}, .supported_features = {"kvm", "big"}, .mandatory_features = {"kvm"}};
  const auto unplaceable = [&](const std::string& step_type) {
    return farm("x86_64-linux").elsewhere(mac).elsewhere(kvm).runnable(step_type, 1).decided().unplaceable.size();
  };
  EXPECT_EQ(unplaceable("aarch64-darwin"), 0u);
  EXPECT_EQ(unplaceable("aarch64-darwin:apple"), 0u);
  EXPECT_EQ(unplaceable("x86_64-linux:big,kvm,local"), 0u);
  EXPECT_EQ(unplaceable("x86_64-linux:big"), 1u) << "kvm must be required";
  EXPECT_EQ(unplaceable("x86_64-linux:kvm,nested"), 1u);
  EXPECT_EQ(unplaceable("x86_64-darwin"), 1u);
  EXPECT_EQ(farm("aarch64-linux:kvm")
                .elsewhere({.systems = {"x86_64-linux"}})
                .runnable("builtin", 1)
                .decided()
                .unplaceable.size(),
            0u);
}

TEST(Demand, UnplaceableStepsCarryTheirKeyAsTheQueueRunnerWroteIt) {
  const Plan p = farm("x86_64-linux").runnable("aarch64-linux:kvm,local", 1).decided();
  ASSERT_EQ(p.unplaceable.size(), 1u);
  EXPECT_EQ(p.unplaceable[0].step_type, "aarch64-linux:kvm,local");
}

TEST(Demand, AnUnplaceableTypeOfWhichNothingWaitsIsNotReported) {
  const Plan p = farm("x86_64-linux").runnable("x86_64-darwin", 0).running("x86_64-darwin", 1).decided();
  EXPECT_TRUE(p.unplaceable.empty());
}

TEST(Demand, KeysThatMakeNoSenseAreUnplaceable) {
  const Plan p = farm("x86_64-linux").runnable("", 1).runnable(":", 1).runnable("x86_64-linux:,", 1).decided();
  EXPECT_EQ(p.unplaceable.size(), 3u);
}

TEST(Demand, RunningStepsAreCountedBesideTheRunnableOnes) {
  const Plan p = farm("x86_64-linux").runnable("x86_64-linux", 3).running("i686-linux", 2).decided();
  EXPECT_EQ(pool_plan(p, "x86_64-linux").running, 2);
  EXPECT_EQ(pool_plan(p, "x86_64-linux").runnable, 3);
}

TEST(Demand, CountsThatDoNotFitTogetherStayAtTheGreatestNumber) {
  constexpr auto most = std::numeric_limits<std::int64_t>::max();
  const Plan p = farm("x86_64-linux").runnable("x86_64-linux", most).runnable("i686-linux", most).decided();
  EXPECT_EQ(runnable_in(p, "x86_64-linux"), most);
  EXPECT_EQ(pool_plan(p, "x86_64-linux").target, 10);
}

}  // namespace
}  // namespace hydra_provisioner::decide
