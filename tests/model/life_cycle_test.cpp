#include <map>
#include <set>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "model/machine.hpp"

namespace hydra_provisioner {
namespace {

using enum MachineState;
using Event = MachineEvent;

const std::vector<MachineState> all_states{
    requested, creating, ready, draining, stopping, stopped, destroying, gone, MachineState::failed};

struct Rule {
  Event event;
  std::set<MachineState> from;
  MachineState to;
};

// The whole life of a machine; what is not here does not happen.
const std::vector<Rule> rules{
    {Event::creation_began, {requested, creating}, creating},
    {Event::became_ready, {requested, creating}, ready},
    {Event::drained, {ready}, draining},
    {Event::undrained, {draining}, ready},
    {Event::stop_began, {draining, stopping}, stopping},
    {Event::still_running, {stopping, stopped}, draining},
    {Event::stopped, {ready, draining, stopping}, MachineState::stopped},
    {Event::start_began, {MachineState::stopped, creating}, creating},
    {Event::destruction_began,
     {requested, creating, ready, draining, stopping, MachineState::stopped, destroying, MachineState::failed},
     destroying},
    {Event::vanished,
     {requested, creating, ready, draining, stopping, MachineState::stopped, destroying, MachineState::failed},
     destroying},
    {Event::destroyed, {destroying}, gone},
    {Event::failed, {requested, creating, ready, draining, stopping, MachineState::stopped}, MachineState::failed},
};

TEST(LifeCycle, HasNoOtherStepsThanThese) {
  for (const Rule& rule : rules) {
    for (const MachineState state : all_states) {
      const auto expected = rule.from.contains(state) ? std::optional(rule.to) : std::nullopt;
      EXPECT_EQ(next_state(state, rule.event), expected)
          << to_string(state) << ", event " << static_cast<int>(rule.event);
    }
  }
}

std::optional<MachineState> after(MachineState state, const std::vector<Event>& events) {
  std::optional<MachineState> now = state;
  for (const Event event : events) {
    if (now) now = next_state(*now, event);
  }
  return now;
}

TEST(LifeCycle, LeadsFromRequestedThroughReadyToGone) {
  EXPECT_EQ(after(requested, {Event::creation_began, Event::became_ready, Event::drained, Event::destruction_began,
                              Event::destroyed}),
            gone);
}

TEST(LifeCycle, LeadsThroughStoppedBackToReady) {
  EXPECT_EQ(after(ready, {Event::drained, Event::stop_began, Event::stopped, Event::start_began, Event::became_ready}),
            ready);
}

TEST(LifeCycle, ADrainingMachineGoesBackToReady) { EXPECT_EQ(next_state(draining, Event::undrained), ready); }

TEST(LifeCycle, AMachineThatCouldNotBeStoppedIsDraining) {
  EXPECT_EQ(after(draining, {Event::stop_began, Event::still_running}), draining);
}

TEST(LifeCycle, GoneIsFinal) {
  for (const Rule& rule : rules) EXPECT_EQ(next_state(gone, rule.event), std::nullopt);
}

TEST(LifeCycle, AFailedMachineCanOnlyBeDestroyed) {
  for (const Rule& rule : rules) {
    const auto next = next_state(MachineState::failed, rule.event);
    EXPECT_TRUE(!next || next == destroying);
  }
}

TEST(LifeCycle, ADestructionThatBeganIsNotGivenUp) {
  for (const Rule& rule : rules) {
    const auto next = next_state(destroying, rule.event);
    EXPECT_TRUE(!next || next == destroying || next == gone);
  }
}

TEST(LifeCycle, OnlyDrainedMachinesAreStopped) {
  EXPECT_EQ(next_state(ready, Event::stop_began), std::nullopt);
  EXPECT_EQ(next_state(creating, Event::stop_began), std::nullopt);
}

TEST(LifeCycle, AnEventIsAppliedWithItsTime) {
  Machine machine;
  machine.state = ready;
  ASSERT_TRUE(advance(machine, Event::drained, from_unix(700)));
  EXPECT_EQ(machine.state, draining);
  EXPECT_EQ(machine.since, from_unix(700));
}

TEST(LifeCycle, AnEventThatChangesNothingKeepsTheTime) {
  Machine machine;
  machine.state = creating;
  machine.since = from_unix(100);
  ASSERT_TRUE(advance(machine, Event::creation_began, from_unix(700)));
  EXPECT_EQ(machine.since, from_unix(100));
}

TEST(LifeCycle, AnEventThatMakesNoSenseIsNotApplied) {
  Machine machine;
  machine.state = gone;
  machine.since = from_unix(100);
  EXPECT_FALSE(advance(machine, Event::became_ready, from_unix(700)));
  EXPECT_EQ(machine.state, gone);
  EXPECT_EQ(machine.since, from_unix(100));
}

TEST(MachineStates, AreReadAsTheyAreWritten) {
  std::set<std::string_view> names;
  for (const MachineState state : all_states) {
    EXPECT_EQ(from_name<MachineState>(to_string(state)), state);
    names.insert(to_string(state));
  }
  EXPECT_EQ(names.size(), all_states.size());
  EXPECT_EQ(to_string(MachineState::failed), "failed");
}

TEST(MachineStates, AnUnknownOneIsNone) {
  EXPECT_EQ(from_name<MachineState>("asleep"), std::nullopt);
  EXPECT_EQ(from_name<MachineState>(""), std::nullopt);
  EXPECT_EQ(from_name<MachineState>("Ready"), std::nullopt);
}

TEST(Operations, AreReadAsTheyAreWritten) {
  for (const Operation each : {Operation::create, Operation::start, Operation::stop, Operation::destroy}) {
    EXPECT_EQ(from_name<Operation>(to_string(each)), each);
  }
  EXPECT_EQ(to_string(Operation::destroy), "destroy");
  EXPECT_EQ(from_name<Operation>("reboot"), std::nullopt);
}

TEST(Machines, AreComingWhileTheyAreRequestedOrCreated) {
  for (const MachineState state : all_states) {
    Machine machine;
    machine.state = state;
    EXPECT_EQ(is_coming(machine), state == requested || state == creating) << to_string(state);
  }
}

TEST(Machines, AreRootAtTheirAddressToTheQueueRunner) {
  Machine machine;
  machine.address = "2001:db8::1";
  EXPECT_EQ(queue_name(machine), "root@2001:db8::1");
}

}  // namespace
}  // namespace hydra_provisioner
