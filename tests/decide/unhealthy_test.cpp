// Machines that do not work: one is replaced, and too many at a time are looked at by a human.
#include <gtest/gtest.h>

#include "tests/decide/farm.hpp"

namespace hydra_provisioner::decide {
namespace {

using namespace std::chrono_literals;

TEST(Unhealthy, AMachineThatTheQueueRunnerKeepsFailingOnIsReplaced) {
  const Plan before = farm("x86_64-linux").has(ready(1).failing(3)).runnable("x86_64-linux", 1).decided();
  EXPECT_EQ(actions_of(before), "keep 1");
  const Plan first = farm("x86_64-linux").has(ready(1).failing(4)).runnable("x86_64-linux", 1).decided();
  EXPECT_EQ(actions_of(first), "create 100, keep 1");
  const Plan then = farm("x86_64-linux").has(ready(1).failing(4), ready(2)).runnable("x86_64-linux", 1).decided();
  EXPECT_EQ(actions_of(then), "drain 1, keep 2");
  EXPECT_EQ(reason_of<ActionKind::drain>(then, 1),
            "the queue runner failed to use it 4 times in a row ≥ consecutiveFailures 4");
}

TEST(Unhealthy, FailuresOfAnEarlierMachineWithItsAddressDoNotCount) {
  const auto failing = [](Seconds listed) {
    return farm("x86_64-linux").has(ready(1).failing(9).listed_for(listed)).runnable("x86_64-linux", 1).decided();
  };
  EXPECT_EQ(actions_of(failing(59s)), "keep 1");
  EXPECT_EQ(actions_of(failing(60s)), "create 100, keep 1");
}

TEST(Unhealthy, UnlessThatIsNotWanted) {
  const Plan p =
      farm("x86_64-linux", {.consecutive_failures = 0}).has(ready(1).failing(99)).runnable("x86_64-linux", 1).decided();
  EXPECT_EQ(actions_of(p), "keep 1");
}

Farm with_four_of_eight_vanished(std::optional<std::int64_t> max_unhealthy) {
  return farm("x86_64-linux", {.max_unhealthy = max_unhealthy})
      .has(ready(1).vanished(), ready(2).vanished(), failed(3), failed(4), ready(5), ready(6), ready(7), ready(8))
      .runnable("x86_64-linux", 8);
}

TEST(Unhealthy, NothingIsDoneWhenTooManyDoNotWork) {
  const Plan p = with_four_of_eight_vanished(45).decided();
  EXPECT_EQ(actions_of(p), "destroy 1, destroy 2, keep 3, keep 4, keep 5, keep 6, keep 7, keep 8")
      << "but what has vanished is forgotten";
  EXPECT_EQ(pool_plan(p, "x86_64-linux").notes.front(),
            "4 of 8 machines do not work, more than maxUnhealthy 45 %: look after them, or raise it");
}

TEST(Unhealthy, AllIsDoneWhenEnoughWork) {
  EXPECT_EQ(actions_of(with_four_of_eight_vanished(50).decided()).substr(0, 10), "create 100");
  EXPECT_EQ(actions_of(with_four_of_eight_vanished({}).decided()).substr(0, 10), "create 100");
}

TEST(Unhealthy, ThreeAreNothingUnusual) {
  const Plan p = farm("x86_64-linux", {.max_unhealthy = 45})
                     .has(ready(1).vanished(), ready(2).vanished(), ready(3).vanished())
                     .runnable("x86_64-linux", 1)
                     .decided();
  EXPECT_EQ(actions_of(p), "create 100, destroy 1, destroy 2, destroy 3");
}

}  // namespace
}  // namespace hydra_provisioner::decide
