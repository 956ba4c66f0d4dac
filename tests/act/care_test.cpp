#include "act/care.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/act/engine.hpp"

namespace hydra_provisioner::act {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

InUse kept(std::int64_t number) { return {.machine = id(number), .keep_alive = true}; }
InUse checked(std::int64_t number) {
  return {.machine = id(number), .keep_alive = true, .check = Reason{ReasonCode::check_due, "it is time", {}}};
}

class CareOfMachines : public testing::Test {
 protected:
  CareOfMachines() {
    engine.has(ready(1));
    engine.has(ready(2));
  }

  void pass(std::vector<InUse> in_use) { engine.pass({}, Seconds{240}, std::move(in_use)); }

  Engine engine;
};

TEST_F(CareOfMachines, KeepsThemAlive) {
  pass({kept(1), kept(2)});
  EXPECT_TRUE(engine.chronicle.has("keep alive a-1"));
  EXPECT_TRUE(engine.chronicle.has("keep alive a-2"));
  EXPECT_FALSE(engine.chronicle.has("check a-1"));
}

TEST_F(CareOfMachines, ReportsOneThatCannotBeToldAndUnpublishesNothing) {
  engine.provider.unresponsive[id(1)] = {"ssh exited with 255"};
  pass({kept(1), kept(2)});
  EXPECT_THAT(engine.voice.problems, ElementsAre("a-1: keep-alive failed: ssh exited with 255; full "
                                                 "output: /logs/a-1.log"));
  EXPECT_EQ(engine.publisher.published(), " 10.0.0.1 10.0.0.2");
  EXPECT_EQ(engine.state(1), MachineState::ready);
}

TEST_F(CareOfMachines, RemembersWhenTheyWereCheckedAndToldThatTheyAreNeeded) {
  pass({{.machine = id(1), .check = Reason{ReasonCode::check_due, "it is time", {}}}, kept(2)});
  EXPECT_EQ(engine.machine(1).checked_at, noon);
  EXPECT_EQ(engine.machine(1).kept_alive_at, std::nullopt);
  EXPECT_EQ(engine.machine(2).checked_at, noon) << "it could be told";
  EXPECT_EQ(engine.machine(2).kept_alive_at, noon);
  EXPECT_FALSE(engine.chronicle.has("keep alive a-1"));
}

TEST_F(CareOfMachines, ChecksBeforeItTells) {
  pass({checked(1)});
  EXPECT_TRUE(engine.chronicle.has_before("check a-1", "keep alive a-1"));
}

TEST_F(CareOfMachines, UnlistsAtOnceWhatHasVanished) {
  engine.provider.conditions[id(1)] = providers::Condition::vanished;
  pass({checked(1), kept(2)});
  EXPECT_EQ(engine.publisher.published(), " 10.0.0.2");
  EXPECT_FALSE(engine.chronicle.has("keep alive a-1"));
  EXPECT_FALSE(engine.machine(1).listing.is_listed);
  EXPECT_EQ(engine.journal.events.back().reason, "vanished: a check found that it does not exist");
  EXPECT_THAT(engine.voice.problems, ElementsAre()) << "clouds do that";
}

TEST_F(CareOfMachines, UnlistsWhatDoesNotAnswerUntilItIsReadyAgain) {
  engine.provider.conditions[id(1)] = providers::Condition::unreachable;
  pass({checked(1)});
  EXPECT_EQ(engine.publisher.published(), " 10.0.0.2");
  EXPECT_EQ(engine.state(1), MachineState::creating);
  EXPECT_EQ(engine.machine(1).requested_at, noon);
  EXPECT_EQ(engine.machine(1).last_error, "it did not answer when it was checked");
}

TEST_F(CareOfMachines, RemembersSinceWhenOneDoesNotAnswer) {
  engine.has(draining(3));
  engine.provider.conditions[id(3)] = providers::Condition::unreachable;
  pass({checked(3)});
  engine.clock.advance(Seconds{60});
  pass({checked(3)});
  EXPECT_EQ(engine.machine(3).unanswered_since, noon) << "it is lost if the queue runner hears nothing of it either";
  engine.provider.conditions[id(3)] = providers::Condition::fine;
  pass({checked(3)});
  EXPECT_EQ(engine.machine(3).unanswered_since, std::nullopt);
}

TEST_F(CareOfMachines, KeepsDrainingWhatDoesNotAnswer) {
  engine.has(draining(3));
  engine.provider.conditions[id(3)] = providers::Condition::unreachable;
  pass({checked(3)});
  EXPECT_EQ(engine.state(3), MachineState::draining);
}

TEST_F(CareOfMachines, TakesAFailedCheckForNoAnswerToTheQuestion) {
  engine.provider.conditions.emplace(id(1), failure("nixops check exited with 1"));
  pass({checked(1)});
  EXPECT_THAT(engine.voice.problems, ElementsAre(HasSubstr("a-1: check failed: nixops check exited with 1")));
  EXPECT_EQ(engine.publisher.published(), " 10.0.0.1 10.0.0.2");
  EXPECT_TRUE(engine.chronicle.has("keep alive a-1"));
}

TEST_F(CareOfMachines, ChecksAtOnceWhatCouldNotBeKeptAlive) {
  engine.provider.unresponsive[id(1)] = Error{"Connection refused"};
  engine.provider.conditions[id(1)] = providers::Condition::vanished;
  pass({kept(1), kept(2)});
  EXPECT_TRUE(engine.chronicle.has_before("keep alive a-1", "check a-1"));
  EXPECT_FALSE(engine.chronicle.has("check a-2"));
  EXPECT_THAT(engine.voice.problems, ElementsAre()) << "what the check found is told, and clouds do that";
  EXPECT_EQ(engine.publisher.published(), " 10.0.0.2");
}

TEST_F(CareOfMachines, PublishesAnAddressThatACheckFound) {
  engine.provider.machines[id(1)].address = "10.0.0.9";
  engine.provider.machines[id(1)].id = engine.machine(1).instance;
  pass({checked(1)});
  EXPECT_EQ(engine.publisher.published(), " 10.0.0.9 10.0.0.2");
}

TEST_F(CareOfMachines, KeepsAnAddressThatARedeploymentFoundMeanwhile) {
  engine.provider.machines[id(2)].address = "10.0.0.99";  // it moves when it is redeployed
  engine.provider.listing_takes = Seconds{120};
  engine.jobs.take(id(2), Seconds{60});
  engine.pass({action(ActionKind::redeploy, 2)}, Seconds{240}, {checked(1)});
  EXPECT_EQ(engine.machine(2).address, "10.0.0.2");
  EXPECT_EQ(engine.publisher.published(), " 10.0.0.1 10.0.0.2");
}

TEST_F(CareOfMachines, DoesNotWaitForAMachineThatIsKnownNotToAnswer) {
  engine.has(creating(3));
  engine.provider.keep_alive_takes = Seconds{20};
  pass({kept(3)});
  EXPECT_TRUE(engine.chronicle.has("keep alive a-3"));
  EXPECT_EQ(engine.machine(3).kept_alive_at, noon) << "the next attempt is made as late as the next keep-alive";
  EXPECT_EQ(engine.clock.now(), noon + Seconds{2});
}

TEST_F(CareOfMachines, ChecksAMachineThatDoesNotHearItSoon) {
  engine.provider.keep_alive_takes = Seconds{60};
  engine.provider.conditions[id(1)] = providers::Condition::unreachable;
  pass({kept(1)});
  EXPECT_EQ(engine.publisher.published(), " 10.0.0.2");
  EXPECT_EQ(engine.clock.now(), noon + Seconds{5}) << "the keep-alive was not waited for";
}

TEST_F(CareOfMachines, WaitsForASlowKeepAliveOfAMachineThatWorks) {
  engine.provider.keep_alive_takes = Seconds{8};
  pass({kept(1)});
  EXPECT_THAT(engine.voice.problems, ElementsAre());
  EXPECT_EQ(engine.machine(1).kept_alive_at, noon + Seconds{5 + 8});
  EXPECT_EQ(engine.publisher.published(), " 10.0.0.1 10.0.0.2");
}

TEST_F(CareOfMachines, UsesAMachineThatAnswersAgain) {
  Machine machine = creating(3);
  machine.ready_at = noon - Seconds{3600};
  machine.found.needs_redeploy = true;
  engine.has(machine);
  pass({{.machine = id(3), .keep_alive = true, .may_return = true}});
  EXPECT_EQ(engine.state(3), MachineState::ready);
  EXPECT_THAT(engine.publisher.published(), HasSubstr("10.0.0.3"));
  EXPECT_THAT(engine.voice.notes, testing::Contains("a-3: answers again: back in use"));
}

TEST_F(CareOfMachines, DoesNotUseAMachineThatNeverWorked) {
  Machine machine = creating(3);
  machine.found.needs_redeploy = true;
  engine.has(machine);
  pass({{.machine = id(3), .keep_alive = true, .may_return = true}});
  EXPECT_EQ(engine.state(3), MachineState::creating);
  EXPECT_FALSE(engine.chronicle.has("check a-3"));
}

// Redeploying.

TEST_F(CareOfMachines, KeepsAMachineListedWhileItIsRedeployed) {
  engine.jobs.take(id(1), Seconds{60});
  engine.pass({action(ActionKind::redeploy, 1)});
  EXPECT_TRUE(engine.chronicle.has("redeploy a-1"));
  EXPECT_EQ(engine.publisher.published(), " 10.0.0.1 10.0.0.2");
  EXPECT_EQ(engine.state(1), MachineState::ready);
  EXPECT_EQ(engine.journal.events.front().reason, "because") << "what was begun, and why";
}

TEST_F(CareOfMachines, UnlistsAMachineWhoseRedeploymentFailed) {
  engine.provider.fails(id(1), Operation::redeploy, {"activation failed", ErrorKind::unfinished});
  engine.pass({action(ActionKind::redeploy, 1)});
  EXPECT_EQ(engine.publisher.published(), " 10.0.0.2");
  EXPECT_EQ(engine.state(1), MachineState::creating);
  EXPECT_EQ(engine.failed_passes(), 0) << "it holds up no creations";
  EXPECT_EQ(engine.machine(1).checked_at, noon);
  EXPECT_THAT(engine.voice.problems, ElementsAre(HasSubstr("a-1: redeploy failed: activation failed")));
}

TEST_F(CareOfMachines, KeepsAMachineListedWhoseRedeploymentTouchedNothing) {
  engine.provider.fails(id(1), Operation::redeploy, {"broken on purpose", ErrorKind::untouched});
  engine.pass({action(ActionKind::redeploy, 1)});
  EXPECT_EQ(engine.publisher.published(), " 10.0.0.1 10.0.0.2");
  EXPECT_EQ(engine.state(1), MachineState::ready);
  EXPECT_EQ(engine.machine(1).last_error, "redeploy: broken on purpose");
  EXPECT_EQ(engine.machine(1).failures, (Failures{.of = Operation::redeploy, .in_a_row = 1, .latest = noon}));
}

TEST_F(CareOfMachines, WaitsForARedeploymentOfAnEarlierPass) {
  engine.jobs.take(id(1), Seconds{300});
  engine.pass({action(ActionKind::redeploy, 1)});
  EXPECT_FALSE(engine.chronicle.has("redeploy a-1"));
  engine.pass({action(ActionKind::keep, 1)});
  EXPECT_TRUE(engine.chronicle.has("redeploy a-1"));
  EXPECT_TRUE(engine.chronicle.has("forget a-1"));
}

TEST_F(CareOfMachines, MakesAMachineReadyThatWasRedeployed) {
  engine.has(creating(3));
  engine.pass({action(ActionKind::redeploy, 3)});
  EXPECT_EQ(engine.state(3), MachineState::ready);
  EXPECT_EQ(engine.publisher.published(), " 10.0.0.1 10.0.0.2 10.0.0.3");
}

TEST_F(CareOfMachines, RemembersSinceWhenABusyOneDoesNotAnswer) {
  engine.provider.boots_after(id(1), 1);  // it does not answer once
  engine.pass({}, Seconds{240}, {}, {id(1), id(2)});
  EXPECT_EQ(engine.machine(1).unanswered_since, noon);
  EXPECT_EQ(engine.machine(1).checked_at, noon);
  EXPECT_EQ(engine.machine(2).unanswered_since, std::nullopt);
  EXPECT_EQ(engine.publisher.published(), " 10.0.0.1 10.0.0.2") << "it stays in use";
  engine.pass({}, Seconds{240}, {}, {id(1)});
  EXPECT_EQ(engine.machine(1).unanswered_since, std::nullopt);
  EXPECT_THAT(engine.voice.notes, testing::Contains("a-1: answers again"));
}

}  // namespace
}  // namespace hydra_provisioner::act
