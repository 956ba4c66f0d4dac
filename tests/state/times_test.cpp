#include "state/times.hpp"

#include <gtest/gtest.h>

namespace hydra_provisioner::state {
namespace {

const Instant an_instant = from_unix(1'795'435'200);

Memory with_machine_listed_from(Instant first, Instant last_pass) {
  Machine machine;
  machine.requested_at = machine.since = first;
  machine.ready_at = machine.listing.began_at = machine.listing.first_began_at = first;
  machine.listing.ended_at = last_pass;
  Memory memory;
  memory.machines.push_back(machine);
  memory.last_pass = last_pass;
  return memory;
}

TEST(Times, AreLeftAloneWhileTheClockGoesOn) {
  Memory memory = with_machine_listed_from(an_instant - Seconds{300}, an_instant - Seconds{10});
  const Memory before = memory;
  mend_times(memory, an_instant);
  EXPECT_EQ(memory.machines, before.machines);
  EXPECT_TRUE(mend_times(memory, an_instant).empty());
}

TEST(Times, OfListingsBeginAnewWhenTheClockIsSetBackAndThenGoOn) {
  Memory memory = with_machine_listed_from(an_instant - Seconds{600}, an_instant + Seconds{3600});
  memory.machines.front().listing.ended_at = an_instant - Seconds{300};
  EXPECT_EQ(mend_times(memory, an_instant).size(), 1U) << "to be recorded";
  EXPECT_EQ(memory.machines.front().listing.began_at, an_instant);
  EXPECT_EQ(memory.machines.front().listing.ended_at, an_instant);
  memory.last_pass = an_instant;
  EXPECT_TRUE(mend_times(memory, an_instant + Seconds{60}).empty());
  EXPECT_EQ(memory.machines.front().listing.began_at, an_instant);
}

TEST(Times, OfTheFutureCountAsNow) {
  Memory memory = with_machine_listed_from(an_instant + Seconds{3600}, an_instant + Seconds{7200});
  mend_times(memory, an_instant);
  const Machine& machine = memory.machines.front();
  EXPECT_EQ(machine.requested_at, an_instant);
  EXPECT_EQ(machine.ready_at, an_instant);
  EXPECT_EQ(machine.listing.began_at, an_instant);
  EXPECT_LE(machine.listing.ended_at, an_instant + Seconds{120});  // as far as the queue runner's clock may be ahead
}

TEST(Times, ProveNothingByHowLongAMachineWasListedAfterTheClockWasSetBack) {
  // Listed for 300 s, then the clock went back by 290 s: it would look as if it had been 10 s.
  Memory memory = with_machine_listed_from(an_instant - Seconds{20}, an_instant + Seconds{270});
  mend_times(memory, an_instant);
  EXPECT_EQ(memory.machines.front().listing.first_began_at, Instant{});
}

}  // namespace
}  // namespace hydra_provisioner::state
