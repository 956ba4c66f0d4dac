#include <gtest/gtest.h>

#include "tests/decide/farm.hpp"

namespace hydra_provisioner::decide {
namespace {

using namespace std::chrono_literals;

Farm blind(Settings settings = {}) { return farm("x86_64-linux", settings).untrusted("the status command timed out"); }

TEST(Untrusted, ThePlanSaysWhy) {
  const Plan p = blind().decided();
  EXPECT_EQ(p.untrusted, "the status command timed out");
  EXPECT_EQ(farm("x86_64-linux").decided().untrusted, std::nullopt);
}

TEST(Untrusted, NothingIsDrainedAndAllListedOnesStayListed) {
  const Plan p = blind({.max_machines = 1}).has(ready(1), ready(2)).decided();
  EXPECT_EQ(actions_of(p), "keep 1, keep 2");
  EXPECT_EQ(reason_of<ActionKind::keep>(p, 1), "listed; the status is not trusted");
}

TEST(Untrusted, NothingIsStoppedOrDestroyedThatNeedsProof) {
  for (const bool stop_on_idle : {false, true}) {
    const Plan p = blind({.max_machines = 0, .stop_on_idle = stop_on_idle})
                       .has(draining(1), stopping(2), stopped(3), destroying(4), failed(5))
                       .decided();
    EXPECT_EQ(actions_of(p), "keep 1, keep 2, keep 3, keep 4, keep 5");
    EXPECT_EQ(reason_of<ActionKind::keep>(p, 5), "failed: ; waits: the queue runner's status is not trusted");
  }
}

TEST(Untrusted, MachinesAreCreatedOnlyUpToMinMachines) {
  const Plan p = blind({.min_machines = 2}).has(ready(1)).runnable("x86_64-linux", 9).decided();
  EXPECT_EQ(actions_of(p), "create 100, keep 1");
  EXPECT_EQ(pool_plan(p, "x86_64-linux").explanation,
            "status not trusted → all listed machines kept, 2 created at most (min 2)");
}

TEST(Untrusted, NoneIsCreatedWithoutAMinimum) {
  EXPECT_EQ(actions_of(blind().runnable("x86_64-linux", 9).decided()), "");
}

TEST(Untrusted, AMinimumAboveTheMaximumCreatesNoMoreThanTheMaximum) {
  EXPECT_EQ(pool_plan(blind({.min_machines = 5, .max_machines = 1}).decided(), "x86_64-linux").target, 1);
}

TEST(Untrusted, DrainingOnesArePutBackAndStoppedOnesStartedUpToMinMachines) {
  const Plan p = blind({.min_machines = 3}).has(ready(1), draining(2), stopped(3), stopped(4)).decided();
  EXPECT_EQ(actions_of(p), "keep 1, undrain 2, start 3, keep 4");
}

TEST(Untrusted, VanishedOnesMayGo) { EXPECT_EQ(actions_of(blind().has(ready(1).vanished()).decided()), "destroy 1"); }

TEST(Untrusted, ThoseThatWereNeverListedMayGo) {
  const Plan p = blind()
                     .has(draining(1).never_listed(), failed(2).never_listed(), coming(3).requested_for(1h),
                          coming(4).interrupted())
                     .decided();
  EXPECT_EQ(actions_of(p), "destroy 1, destroy 2, destroy 3, destroy 4");
}

TEST(Untrusted, NothingIsUnplaceable) { EXPECT_TRUE(blind().runnable("m68k-linux", 3).decided().unplaceable.empty()); }

}  // namespace
}  // namespace hydra_provisioner::decide
