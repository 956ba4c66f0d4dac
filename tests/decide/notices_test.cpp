// What a cloud has announced that it will end.
#include <gtest/gtest.h>

#include "tests/decide/farm.hpp"

namespace hydra_provisioner::decide {
namespace {

const std::string notice = "EC2 takes it back two minutes after noon";

TEST(NoticedMachines, LeaveAtOnceAndAreReplaced) {
  const Plan p = farm("x86_64-linux")
                     .has(ready(1).busy(1).noticed(notice), ready(2).busy(1))
                     .runnable("x86_64-linux", 2)
                     .decided();
  EXPECT_EQ(actions_of(p), "create 100, drain 1, keep 2");
  EXPECT_EQ(reason_of<ActionKind::drain>(p, 1), notice);
  EXPECT_EQ(action_on(p, 1).reason.code, ReasonCode::noticed);
}

TEST(NoticedMachines, LeaveWhateverTheStatus) {
  const Plan p = farm("x86_64-linux").has(ready(1).noticed(notice), ready(2)).untrusted("down").decided();
  EXPECT_EQ(actions_of(p), "drain 1, keep 2");
}

TEST(NoticedMachines, LeaveThoughTheyAreProtected) {
  const Plan p = farm("x86_64-linux")
                     .has(ready(1).busy(1).noticed(notice))
                     .ordered(OrderKind::protect, "hydra-provisioned-1")
                     .decided();
  EXPECT_EQ(actions_of(p), "drain 1");
}

TEST(NoticedMachines, DoNotComeBack) {
  const Plan p = farm("x86_64-linux", {.max_machines = 1})
                     .has(draining(1).busy(1).noticed(notice))
                     .runnable("x86_64-linux", 5)
                     .decided();
  EXPECT_EQ(actions_of(p), "keep 1");
}

TEST(NoticedMachines, AreNotAwaitedWhileTheyBoot) {
  const Plan p = farm("x86_64-linux").has(coming(1).noticed(notice)).runnable("x86_64-linux", 1).decided();
  EXPECT_EQ(actions_of(p), "create 100, destroy 1");
  EXPECT_EQ(reason_of<ActionKind::destroy>(p, 1), notice + "; never listed");
}

}  // namespace
}  // namespace hydra_provisioner::decide
