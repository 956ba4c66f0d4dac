// Each reason has the code that programs read.
#include <gtest/gtest.h>

#include "tests/decide/farm.hpp"

namespace hydra_provisioner::decide {
namespace {

using namespace std::chrono_literals;

Farm needs_one() { return farm("x86_64-linux").runnable("x86_64-linux", 1); }

ReasonCode code_of(const Farm& farm, std::int64_t number) { return action_on(farm.decided(), number).reason.code; }

std::optional<ReasonCode> held_by(const Farm& farm) { return pool_plan(farm.decided(), "x86_64-linux").held; }

TEST(Codes, SayWhyMachinesAreUsedOrMade) {
  EXPECT_EQ(code_of(needs_one().has(ready(1).busy(1)), 1), ReasonCode::busy);
  EXPECT_EQ(code_of(needs_one().has(ready(1).idle_for(5s)), 1), ReasonCode::needed);
  EXPECT_EQ(code_of(needs_one().has(coming(1)), 1), ReasonCode::booting);
  EXPECT_EQ(code_of(needs_one(), 100), ReasonCode::needed);
}

TEST(Codes, SayWhyMachinesLeaveOrStay) {
  EXPECT_EQ(code_of(farm("x86_64-linux", {.grace_period = 600s}).has(ready(1).idle_for(5s)), 1), ReasonCode::grace);
  EXPECT_EQ(code_of(farm("x86_64-linux", {.grace_period = 600s}).has(ready(1).idle_for(700s)), 1), ReasonCode::grace);
  EXPECT_EQ(code_of(farm("x86_64-linux").has(draining(1).idle_for(5s)), 1), ReasonCode::unproven);
  EXPECT_EQ(code_of(farm("x86_64-linux").has(draining(1).vanished()), 1), ReasonCode::vanished);
  EXPECT_EQ(code_of(farm("x86_64-linux").has(ready(1)).ordered(OrderKind::drain, "hydra-provisioned-1"), 1),
            ReasonCode::ordered);
  EXPECT_EQ(code_of(farm("x86_64-linux").has(ready(1)).ordered(OrderKind::protect, "hydra-provisioned-1"), 1),
            ReasonCode::protected_by_order);
  EXPECT_EQ(code_of(needs_one().has(ready(1)).untrusted("it is down"), 1), ReasonCode::not_trusted);
  EXPECT_EQ(code_of(needs_one().has(ready(1)).unseen("no answer"), 1), ReasonCode::not_seen);
}

TEST(Codes, SayWhatHoldsAPool) {
  EXPECT_EQ(held_by(needs_one()), std::nullopt);
  EXPECT_EQ(held_by(needs_one().failed_passes("x86_64-linux", 1, noon - 1s)), ReasonCode::back_off);
  EXPECT_EQ(held_by(needs_one().ordered(OrderKind::pause, "")), ReasonCode::paused);
  EXPECT_EQ(held_by(needs_one().unpublished_for(60s, "no space")), ReasonCode::unpublished);
  EXPECT_EQ(held_by(needs_one().has(draining(1).vanished(), draining(2))), std::nullopt);
}

}  // namespace
}  // namespace hydra_provisioner::decide
