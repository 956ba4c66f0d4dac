// What is counted for the metrics: once, and together with what it counts.
#include <string>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/act/engine.hpp"

namespace hydra_provisioner::act {
namespace {

using std::chrono::minutes;

class Counting : public testing::Test {
 protected:
  double total(Total counter, std::vector<std::string> more = {}) const {
    more.insert(more.begin(), pool.text);
    const auto found = engine.journal.all_totals.find({counter, more});
    return found == engine.journal.all_totals.end() ? 0 : found->second;
  }
  double sum_of(Total histogram) const { return total(histogram, {sum_of_values}); }

  Engine engine;
};

TEST_F(Counting, ACreationAndItsBoot) {
  engine.jobs.take(id(1), Seconds{40});
  engine.pass({action(ActionKind::create, 1)});
  EXPECT_EQ(total(Total::creations), 1);
  EXPECT_EQ(total(Total::boot, {"60"}), 1);
  EXPECT_EQ(sum_of(Total::boot), 40);
  EXPECT_EQ(sum_of(Total::demand_to_ready), 0) << "no step waited";
}

TEST_F(Counting, HowLongStepsHadWaitedForAMachine) {
  engine.waiting[pool] = noon - minutes{5};
  engine.pass({action(ActionKind::create, 1)});
  EXPECT_EQ(total(Total::demand_to_ready, {"300"}) + total(Total::demand_to_ready, {"600"}), 1);
  EXPECT_EQ(engine.machine(1).wanted_since, noon - minutes{5}) << "until it has a step";
}

TEST_F(Counting, AStartIsNoCreation) {
  engine.waiting[pool] = noon - minutes{1};
  engine.has(stopped(1));
  engine.pass({action(ActionKind::start, 1)});
  EXPECT_EQ(total(Total::creations), 0);
  EXPECT_EQ(total(Total::starts), 1);
  EXPECT_EQ(sum_of(Total::boot), 0);
  EXPECT_GE(sum_of(Total::demand_to_ready), 60);
}

TEST_F(Counting, AFailureByItsClass) {
  engine.provider.fails(id(1), Operation::create, {"no more", ErrorKind::failed, FailureClass::quota});
  engine.pass({action(ActionKind::create, 1)});
  EXPECT_EQ(total(Total::failures, {"quota"}), 1);
  EXPECT_EQ(engine.journal.events.back().failure_class, FailureClass::quota);
}

TEST_F(Counting, AMachineForWhichThereWasNoCapacity) {
  engine.provider.fails(id(1), Operation::create, {"none", ErrorKind::no_capacity, FailureClass::capacity});
  engine.pass({action(ActionKind::create, 1)});
  EXPECT_EQ(total(Total::failures, {"capacity"}), 1);
}

TEST_F(Counting, AMachineThatDidNotGetReadyInTime) {
  engine.has(creating(1));
  Action destroy = action(ActionKind::destroy, 1);
  destroy.never_got_ready = true;
  engine.pass({destroy});
  EXPECT_EQ(total(Total::failures, {"boot"}), 1);
  EXPECT_EQ(total(Total::destructions), 1);
}

TEST_F(Counting, AMachineInUseThatVanished) {
  engine.has(ready(1));
  engine.provider.machines.clear();
  engine.pass({action(ActionKind::destroy, 1)});
  EXPECT_EQ(total(Total::interruptions), 1);
  EXPECT_EQ(total(Total::destructions), 1);
}

TEST_F(Counting, WhatRanOnAMachineThatVanished) {
  const auto lost = [&](Seconds busy, std::optional<Millis> average) {
    engine.step_times.clear();
    if (average) engine.step_times[pool] = *average;
    Machine machine = ready(1);
    machine.jobs = 3;
    machine.busy_since = noon - busy;
    engine.has(machine);
    engine.provider.machines.clear();
    const double before = total(Total::lost_step_seconds);
    engine.pass({action(ActionKind::destroy, 1)});
    return total(Total::lost_step_seconds) - before;
  };
  EXPECT_NEAR(lost(Seconds{100}, std::nullopt), 300, 30) << "all of them may have run since";
  EXPECT_NEAR(lost(Seconds{10'000}, Millis{60'000}), 180, 1);
  EXPECT_NEAR(lost(Seconds{100}, Millis{600'000}), 300, 30);
}

TEST_F(Counting, AMachineThatLeavesIsNoInterruption) {
  engine.has(draining(1));
  engine.pass({action(ActionKind::destroy, 1)});
  EXPECT_EQ(total(Total::interruptions), 0);
  EXPECT_EQ(total(Total::destructions), 1);
}

TEST_F(Counting, WhatCannotBeWrittenIsCountedOnceItIs) {
  engine.jobs.take(id(1), Seconds{40});
  engine.journal.fails_after(1);
  engine.pass({action(ActionKind::create, 1)});
  EXPECT_EQ(total(Total::creations), engine.journal.has(id(1)) ? 1 : 0) << "together with its machine";
  engine.journal.recovers();
  engine.pass({action(ActionKind::create, 1)});
  EXPECT_EQ(total(Total::creations), 1);
}

TEST_F(Counting, AttemptsToPublishThatFail) {
  engine.has(new_and_ready(1));
  engine.publisher.fails = Error{"disk full"};
  engine.pass({});
  EXPECT_GE((engine.journal.all_totals[{Total::publication_failures, {}}]), 1);
}

}  // namespace
}  // namespace hydra_provisioner::act
