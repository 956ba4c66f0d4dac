#include "act/execute.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/act/engine.hpp"

namespace hydra_provisioner::act {
namespace {

using std::chrono::minutes;
using testing::Contains;
using testing::ElementsAre;
using testing::HasSubstr;

constexpr int never = 1'000'000;

class Execution : public testing::Test {
 protected:
  std::int64_t events(const std::string& kind) const {
    return std::ranges::count(engine.journal.events, kind, &state::JournalEvent::kind);
  }

  Engine engine;
};

// Creations.

TEST_F(Execution, RecordsThatAMachineIsToBeCreatedBeforeItBegins) {
  engine.pass({action(ActionKind::create, 1)});
  EXPECT_TRUE(engine.chronicle.has_before("commit a-1 requested", "begin create a-1"));
  EXPECT_TRUE(engine.chronicle.has_before("commit a-1 creating", "begin create a-1"));
  EXPECT_EQ(engine.journal.events.front().kind, "requested");
  EXPECT_EQ(engine.journal.events.front().reason, "because");
}

TEST_F(Execution, GivesAJobAllThatItNeeds) {
  engine.pass({action(ActionKind::create, 1)});
  ASSERT_EQ(engine.jobs.requests.size(), 1);
  const JobRequest& request = engine.jobs.requests.front();
  EXPECT_EQ(request.pool, pool);
  EXPECT_EQ(request.settings_json, "{}");
  EXPECT_EQ(request.deadline, minutes{10});
}

TEST_F(Execution, RecordsAReadyMachineAndThenPublishesIt) {
  engine.pass({action(ActionKind::create, 1)});
  EXPECT_TRUE(engine.chronicle.has_before("create a-1", "commit a-1 ready creations"));
  EXPECT_TRUE(engine.chronicle.has_before("commit a-1 ready creations", "commit a-1 ready listed delivery"));
  EXPECT_TRUE(engine.chronicle.has_before("commit a-1 ready listed delivery", "publish 10.0.0.1"));
  EXPECT_TRUE(engine.chronicle.has("forget a-1"));
  EXPECT_EQ(engine.machine(1).instance, InstanceId{"i-1"});
  EXPECT_EQ(engine.machine(1).host_key, "ssh-ed25519 AAAA");
  EXPECT_THAT(engine.voice.problems, ElementsAre());
}

TEST_F(Execution, PublishesAMachineAtOnceWhileAnotherStillBoots) {
  engine.provider.boots_after(id(2), 5);
  engine.pass({action(ActionKind::create, 1), action(ActionKind::create, 2)});
  EXPECT_TRUE(engine.chronicle.has_before("publish 10.0.0.1", "publish 10.0.0.1 10.0.0.2"));
  EXPECT_LT(*engine.machine(1).ready_at, *engine.machine(2).ready_at);
  EXPECT_EQ(engine.machine(1).listing.first_began_at, engine.machine(1).ready_at);
}

TEST_F(Execution, DoesNotListAMachineThatIsMadeToStandBy) {
  Action creation = action(ActionKind::create, 1);
  creation.stands_by = true;
  engine.pass({creation});
  EXPECT_EQ(engine.state(1), MachineState::draining);
  EXPECT_TRUE(engine.machine(1).ready_at);
  EXPECT_FALSE(engine.machine(1).listing.first_began_at);
  EXPECT_EQ(engine.publisher.published(), "");
  engine.pass({action(ActionKind::stop, 1)});
  EXPECT_EQ(engine.state(1), MachineState::stopped);
}

TEST_F(Execution, DoesNotListAMachineThatAnEarlierPassHasMadeToStandBy) {
  engine.provider.boots_after(id(1), 1);
  engine.pass({action(ActionKind::create, 1)}, Seconds{0});
  ASSERT_EQ(engine.state(1), MachineState::creating);
  Action wait = action(ActionKind::keep, 1);
  wait.stands_by = true;
  engine.pass({wait});
  EXPECT_EQ(engine.state(1), MachineState::draining);
  EXPECT_EQ(engine.publisher.published(), "");
}

TEST_F(Execution, RemembersWhenAProviderRefusedToStopAMachineUntilOneIsStopped) {
  engine.has(draining(1));
  engine.has(draining(2));
  engine.provider.fails(id(1), Operation::stop, {"cannot be stopped", ErrorKind::refused});
  engine.pass({action(ActionKind::stop, 1)});
  EXPECT_GE(engine.journal.memory.creations.at(pool).stop_refused_at, noon);
  engine.pass({action(ActionKind::stop, 2)});
  EXPECT_EQ(engine.journal.memory.creations.at(pool).stop_refused_at, std::nullopt);
}

TEST_F(Execution, PublishesAFewTimesWhenManyMachinesBecomeReadyTogether) {
  constexpr std::int64_t many = 100;
  std::vector<Action> actions;
  for (std::int64_t number = 1; number <= many; ++number) {
    engine.has(creating(number));
    actions.push_back(action(ActionKind::keep, number));
  }
  engine.pass(std::move(actions));
  EXPECT_LE(engine.publisher.last_deliveries.size(), 4);
  for (std::int64_t number = 1; number <= many; ++number)
    EXPECT_TRUE(engine.machine(number).listing.is_listed) << number;
}

TEST_F(Execution, TakesAMachineOutBeforeItIsDestroyedThoughOthersBecomeReady) {
  engine.has(ready(1));
  engine.has(creating(2));
  engine.pass({action(ActionKind::drain, 1), action(ActionKind::keep, 2)});
  engine.pass({action(ActionKind::destroy, 1)});
  EXPECT_TRUE(engine.chronicle.has_before("publish 10.0.0.2", "destroy a-1"));
}

TEST_F(Execution, ForgetsWhatWasMissingWhileAMachineBooted) {
  engine.provider.boots_after(id(1), 3);
  engine.pass({action(ActionKind::create, 1)});
  EXPECT_EQ(engine.state(1), MachineState::ready);
  EXPECT_EQ(engine.machine(1).last_error, "");
}

TEST_F(Execution, LeavesAMachineThatStillBootsToTheNextPass) {
  engine.provider.boots_after(id(1), never);
  engine.pass({action(ActionKind::create, 1)}, Seconds{60});
  EXPECT_GE(engine.clock.now(), noon + Seconds{60});
  EXPECT_LT(engine.clock.now(), noon + Seconds{63});
  EXPECT_EQ(engine.state(1), MachineState::creating);
  EXPECT_EQ(engine.machine(1).last_error, "connection refused");
  EXPECT_THAT(engine.voice.problems, ElementsAre());

  engine.provider.boots_after(id(1), 0);
  engine.pass({action(ActionKind::keep, 1)});
  EXPECT_EQ(engine.state(1), MachineState::ready);
  EXPECT_EQ(engine.jobs.requests.size(), 1);
}

TEST_F(Execution, LeavesAJobThatStillRunsToTheNextPass) {
  engine.jobs.take(id(1), minutes{7});
  engine.pass({action(ActionKind::create, 1)});
  EXPECT_EQ(engine.clock.now(), noon + minutes{4});
  EXPECT_EQ(engine.state(1), MachineState::creating);
  EXPECT_FALSE(engine.chronicle.has("create a-1"));

  engine.pass({action(ActionKind::keep, 1)});
  EXPECT_EQ(engine.clock.now(), noon + minutes{7});
  EXPECT_EQ(engine.state(1), MachineState::ready);
  EXPECT_EQ(engine.publisher.published(), " 10.0.0.1");
  EXPECT_EQ(engine.jobs.requests.size(), 1);
}

TEST_F(Execution, TakesUpAJobThatEndedBetweenPasses) {
  engine.jobs.take(id(1), minutes{7});
  engine.pass({action(ActionKind::create, 1)});
  engine.clock.advance(minutes{10});
  engine.pass({action(ActionKind::keep, 1)});
  EXPECT_EQ(engine.state(1), MachineState::ready);
  EXPECT_TRUE(engine.jobs.list()->empty());
}

TEST_F(Execution, BeginsNothingOnceTheJobsCannotBeListed) {
  engine.jobs.listings_left = 1;
  engine.pass({action(ActionKind::create, 1)});
  EXPECT_TRUE(engine.jobs.requests.empty()) << "jobs of machines that are gone may take the places";
  EXPECT_THAT(engine.voice.problems, ElementsAre("cannot be read; no operation begins"));
}

TEST_F(Execution, ForgetsNoJobWhoseResultItHasNotSeen) {
  engine.has(draining(1));
  engine.jobs.take(id(1), minutes{7});
  engine.provider.fails(id(1), Operation::stop, {"cannot be stopped", ErrorKind::refused});
  engine.pass({action(ActionKind::stop, 1)});
  engine.clock.advance(minutes{10});
  engine.knows_jobs = false;
  engine.pass({action(ActionKind::keep, 1)});
  EXPECT_FALSE(engine.jobs.list()->empty());
  EXPECT_FALSE(engine.machine(1).cannot_stop);
  engine.knows_jobs = true;
  engine.pass({action(ActionKind::keep, 1)});
  EXPECT_TRUE(engine.jobs.list()->empty());
  EXPECT_TRUE(engine.machine(1).cannot_stop);
}

TEST_F(Execution, CarriesAnInterruptedCreationOn) {
  engine.has(creating(1));
  engine.provider.has(id(1), InstanceState::incomplete);
  engine.pass({action(ActionKind::create, 1)});
  EXPECT_TRUE(engine.chronicle.has("create a-1"));
  EXPECT_EQ(engine.state(1), MachineState::ready);
  EXPECT_EQ(engine.machine(1).requested_at, noon - minutes{1});
}

TEST_F(Execution, DoesNotWaitForAnInterruptedCreationThatIsNotCarriedOn) {
  engine.has(creating(1));
  engine.provider.has(id(1), InstanceState::incomplete);
  engine.provider.boots_after(id(1), never);
  engine.pass({action(ActionKind::keep, 1)});
  EXPECT_EQ(engine.clock.now(), noon);
}

TEST_F(Execution, GivesUpWaitingForAMachineAtItsBootTimeout) {
  engine.provider.boots_after(id(1), never);
  engine.pass({action(ActionKind::create, 1)}, minutes{60});
  EXPECT_GE(engine.clock.now(), noon + minutes{10});
  EXPECT_LT(engine.clock.now(), noon + minutes{11});
  EXPECT_EQ(engine.state(1), MachineState::creating);
}

// Failed creations.

TEST_F(Execution, ReportsAndCountsAFailedCreation) {
  engine.provider.fails(id(1), Operation::create, {"no capacity"});
  engine.pass({action(ActionKind::create, 1)});
  EXPECT_EQ(engine.state(1), MachineState::failed);
  EXPECT_EQ(engine.machine(1).last_error, "create: no capacity");
  EXPECT_EQ(engine.failed_passes(), 1);
  EXPECT_EQ(engine.journal.memory.creations.at(pool).last_failed_pass, noon);
  EXPECT_EQ(events("failed"), 1);
  EXPECT_THAT(engine.voice.problems, ElementsAre("a-1: create failed: no capacity; full output: /logs/a-1.log"));
  EXPECT_EQ(engine.publisher.published(), "");
}

TEST_F(Execution, RemembersWhatFailedLast) {
  engine.provider.fails(id(1), Operation::create, {"project quota reached"});
  engine.pass({action(ActionKind::create, 1)});
  EXPECT_EQ(engine.journal.memory.creations.at(pool).last_error, "project quota reached");
}

TEST_F(Execution, CountsAMachineThatItsCloudEndedBeforeItWasReady) {
  engine.has(creating(1));
  engine.provider.machines[id(1)].state = InstanceState::ended;
  engine.provider.machines[id(1)].why = "no volume";
  engine.pass({action(ActionKind::destroy, 1)});
  EXPECT_EQ(engine.failed_passes(), 1);
  EXPECT_EQ(engine.journal.memory.creations.at(pool).last_error, "ended before it was ready: no volume");
  EXPECT_EQ(events("failed"), 1);
}

TEST_F(Execution, AMachineWhoseAddressCannotBeListedIsNotReady) {
  engine.has(creating(1));
  engine.provider.machines[id(1)].address = "10.0.0.1 /";
  engine.pass({action(ActionKind::keep, 1)}, Seconds{5});
  EXPECT_EQ(engine.state(1), MachineState::creating);
  EXPECT_THAT(engine.machine(1).last_error, HasSubstr("is neither a host name nor an IP address"));
}

TEST_F(Execution, AMachineWithTheAddressOfAnotherIsNotReady) {
  engine.has(ready(2));
  engine.has(creating(1));
  engine.provider.machines[id(1)].address = "10.0.0.2";
  engine.pass({action(ActionKind::keep, 1), action(ActionKind::keep, 2)}, Seconds{5});
  EXPECT_EQ(engine.state(1), MachineState::creating);
  EXPECT_EQ(engine.machine(1).last_error, "its address \"10.0.0.2\" is also that of a-2");
  EXPECT_EQ(engine.state(2), MachineState::ready);
}

TEST_F(Execution, AReadyMachineThatGetsTheAddressOfAnotherIsNotReadyAnyMore) {
  engine.has(ready(1));
  engine.has(ready(2));
  engine.provider.machines[id(2)].address = "10.0.0.1";
  engine.pass({action(ActionKind::keep, 1), action(ActionKind::keep, 2)});
  EXPECT_EQ(engine.state(1), MachineState::ready);
  EXPECT_EQ(engine.state(2), MachineState::creating);
  EXPECT_EQ(engine.machine(2).last_error, "its address \"10.0.0.1\" is also that of a-1");
}

TEST_F(Execution, CountsPassesInWhichAllCreationsFailed) {
  engine.provider.fails(id(1), Operation::create, {"no capacity"});
  engine.provider.fails(id(2), Operation::create, {"no capacity"});
  engine.pass({action(ActionKind::create, 1), action(ActionKind::create, 2)});
  EXPECT_EQ(engine.failed_passes(), 1);
  engine.provider.fails(id(3), Operation::create, {"no capacity"});
  engine.pass({action(ActionKind::create, 3)});
  EXPECT_EQ(engine.failed_passes(), 2);
}

TEST_F(Execution, StartsToCountAfreshWhenACreationSucceeds) {
  engine.journal.memory.creations[pool].failed_passes = 3;
  engine.provider.fails(id(1), Operation::create, {"no capacity"});
  engine.pass({action(ActionKind::create, 1), action(ActionKind::create, 2)});
  EXPECT_EQ(engine.failed_passes(), 0);
  EXPECT_EQ(engine.state(1), MachineState::failed);
  EXPECT_EQ(engine.state(2), MachineState::ready);
}

TEST_F(Execution, CountsACreationThatFailedBetweenPasses) {
  engine.jobs.take(id(1), minutes{7});
  engine.provider.fails(id(1), Operation::create, {"no capacity"});
  engine.pass({action(ActionKind::create, 1)});
  EXPECT_EQ(engine.failed_passes(), 0);
  engine.clock.advance(minutes{10});
  engine.pass({action(ActionKind::keep, 1)});
  EXPECT_EQ(engine.state(1), MachineState::failed);
  EXPECT_EQ(engine.failed_passes(), 1);
  EXPECT_EQ(events("failed"), 1);
  EXPECT_THAT(engine.voice.problems, ElementsAre("a-1: create failed: no capacity; full output: /logs/a-1.log"));

  engine.pass({action(ActionKind::keep, 1)});
  EXPECT_EQ(engine.failed_passes(), 1);
  EXPECT_EQ(events("failed"), 1);
}

TEST_F(Execution, CountsAMachineThatNeverGotReadyAsAFailedCreation) {
  engine.has(creating(1));
  engine.pass({{.kind = ActionKind::destroy,
                .machine = id(1),
                .pool = pool,
                .reason = {ReasonCode::boot_timeout, "not ready in time", {}},
                .never_got_ready = true}});
  EXPECT_EQ(engine.failed_passes(), 1);
  EXPECT_EQ(events("failed"), 1);
  EXPECT_EQ(engine.state(1), MachineState::gone);
  EXPECT_THAT(engine.voice.problems, ElementsAre("a-1: not ready in time; full output: /logs/a-1.log"));
}

TEST_F(Execution, CountsNewMachinesOfNoUseThoughEachOfThemGotReady) {
  const auto is_of_no_use = [](std::int64_t number) {
    Action drain = action(ActionKind::drain, number);
    drain.is_useless = true;
    return drain;
  };
  engine.pass({action(ActionKind::create, 1)});
  engine.pass({is_of_no_use(1), action(ActionKind::create, 2)});
  EXPECT_EQ(engine.state(1), MachineState::draining);
  EXPECT_EQ(engine.state(2), MachineState::ready);
  EXPECT_EQ(engine.failed_passes(), 1);
  engine.pass({is_of_no_use(2), action(ActionKind::create, 3)});
  EXPECT_EQ(engine.failed_passes(), 2) << "that others got ready proves nothing";
  EXPECT_EQ(events("failed"), 2) << "of which more than five in an hour are too many";
  EXPECT_EQ(engine.journal.memory.creations.at(pool).last_error, "a-2 is of no use: because");
  engine.pass({action(ActionKind::keep, 1), action(ActionKind::keep, 2)});
  EXPECT_EQ(engine.failed_passes(), 2) << "each once";
}

TEST_F(Execution, LeavesAKilledCreationToBeCarriedOn) {
  engine.jobs.are_killed(id(1));
  engine.pass({action(ActionKind::create, 1)});
  EXPECT_EQ(engine.state(1), MachineState::creating);
  EXPECT_EQ(engine.failed_passes(), 0);
  ASSERT_EQ(engine.voice.problems.size(), 1);
  EXPECT_THAT(engine.voice.problems.front(), HasSubstr("its process was killed before it wrote a result"));
  EXPECT_TRUE(engine.jobs.list()->empty());
}

TEST_F(Execution, ReportsAJobThatWasKilledBetweenPasses) {
  engine.jobs.take(id(1), minutes{7});
  engine.jobs.are_killed(id(1));
  engine.pass({action(ActionKind::create, 1)});
  engine.clock.advance(minutes{10});
  engine.pass({action(ActionKind::keep, 1)});
  EXPECT_THAT(engine.voice.problems, ElementsAre(HasSubstr("its process was killed before it wrote a result")));
  EXPECT_TRUE(engine.jobs.list()->empty());
}

TEST_F(Execution, ReportsAJobThatCannotBegin) {
  engine.jobs.beginning_fails = Error{"cannot write /state/jobs/a-1.request.json: No space left on device"};
  engine.pass({action(ActionKind::create, 1)});
  EXPECT_EQ(engine.state(1), MachineState::creating);
  EXPECT_THAT(engine.voice.problems, ElementsAre(HasSubstr("a-1: create failed: cannot write")));
}

TEST_F(Execution, LeavesNothingOfTheJobsOfMachinesThatAreGone) {
  engine.has(draining(1));
  engine.jobs.take(id(1), minutes{7});
  engine.pass({action(ActionKind::destroy, 1)});
  EXPECT_EQ(engine.state(1), MachineState::destroying);
  engine.clock.advance(minutes{10});
  engine.pass({});
  EXPECT_EQ(engine.state(1), MachineState::gone);
  EXPECT_TRUE(engine.jobs.list()->empty());
}

// An unwritable journal.

TEST_F(Execution, BeginsNothingThatTheJournalDoesNotKnowOf) {
  engine.has(ready(1));
  engine.has(draining(2));
  engine.journal.fails_after(0);
  engine.pass({action(ActionKind::create, 3), action(ActionKind::destroy, 2)});
  EXPECT_THAT(engine.jobs.requests, ElementsAre());
  EXPECT_THAT(engine.voice.problems, Contains(HasSubstr("database or disk is full")));
}

TEST_F(Execution, KeepsTheFileInOrderWithoutAJournal) {
  engine.has(ready(1));
  engine.has(ready(2));
  engine.has(draining(3));
  engine.provider.machines[id(2)].state = InstanceState::vanished;
  engine.journal.fails_after(0);
  engine.pass({action(ActionKind::undrain, 3)});
  EXPECT_EQ(engine.publisher.published(), " 10.0.0.1");  // without the vanished one, and without a new line
}

TEST_F(Execution, DoesNotPublishAMachineThatCannotBeRecordedAsReady) {
  engine.journal.fails_after(4);  // the intents, the publication before and after, the beginning
  engine.pass({action(ActionKind::create, 1)});
  EXPECT_EQ(engine.jobs.requests.size(), 1);
  EXPECT_EQ(engine.publisher.published(), "");
  EXPECT_EQ(engine.state(1), MachineState::creating);

  engine.journal.recovers();
  engine.pass({action(ActionKind::keep, 1)});
  EXPECT_EQ(engine.state(1), MachineState::ready);
  EXPECT_EQ(engine.publisher.published(), " 10.0.0.1");
  EXPECT_EQ(engine.jobs.requests.size(), 1);
}

TEST_F(Execution, DestroysNothingWhenTheJournalFailsInTheMiddle) {
  engine.has(draining(1));
  engine.journal.fails_after(1);  // the publication's
  engine.pass({action(ActionKind::destroy, 1)});
  EXPECT_THAT(engine.jobs.requests, ElementsAre());
  EXPECT_EQ(engine.state(1), MachineState::draining);
}

// Into the file and out of it.

TEST_F(Execution, DrainsByFileAndJournalAlone) {
  engine.has(ready(1));
  engine.has(ready(2));
  engine.pass({action(ActionKind::drain, 1), action(ActionKind::keep, 2)});
  EXPECT_EQ(engine.publisher.published(), " 10.0.0.2");
  EXPECT_EQ(engine.state(1), MachineState::draining);
  EXPECT_FALSE(engine.machine(1).listing.is_listed);
  EXPECT_EQ(engine.machine(1).listing.ended_at, noon);
  EXPECT_THAT(engine.jobs.requests, ElementsAre());
}

TEST_F(Execution, PutsAMachineBackByFileAndJournalAlone) {
  engine.has(draining(1));
  engine.pass({action(ActionKind::undrain, 1)});
  EXPECT_EQ(engine.publisher.published(), " 10.0.0.1");
  EXPECT_EQ(engine.state(1), MachineState::ready);
  EXPECT_EQ(engine.machine(1).listing.began_at, noon);
  EXPECT_EQ(engine.machine(1).listing.ended_at, std::nullopt);
  EXPECT_THAT(engine.jobs.requests, ElementsAre());
}

TEST_F(Execution, TakesAVanishedMachineOutOfTheFileAtOnce) {
  engine.has(ready(1));
  engine.has(ready(2));
  engine.provider.machines[id(1)].state = InstanceState::vanished;
  engine.pass({action(ActionKind::destroy, 1), action(ActionKind::keep, 2)});
  EXPECT_TRUE(engine.chronicle.has_before("publish 10.0.0.2", "begin destroy a-1"));
  EXPECT_EQ(engine.state(1), MachineState::gone);
}

TEST_F(Execution, PublishesBeforeWhatIsSlow) {
  engine.has(ready(1));
  engine.has(draining(2));
  engine.pass({action(ActionKind::drain, 1), action(ActionKind::destroy, 2), action(ActionKind::create, 3)});
  EXPECT_TRUE(engine.chronicle.has_before("publish", "begin destroy a-2"));
  EXPECT_TRUE(engine.chronicle.has_before("publish", "begin create a-3"));
}

// What leaves.

TEST_F(Execution, DestroysWhatIsOutOfTheFile) {
  engine.has(draining(1));
  engine.pass({action(ActionKind::destroy, 1)});
  EXPECT_TRUE(engine.chronicle.has_before("commit a-1 destroying", "destroy a-1"));
  EXPECT_TRUE(engine.chronicle.has_before("destroy a-1", "commit a-1 gone"));
  EXPECT_TRUE(engine.chronicle.has_before("commit a-1 gone", "forget a-1"));
  EXPECT_EQ(engine.state(1), MachineState::gone);
  EXPECT_THAT(engine.provider.machines, ElementsAre());
}

TEST_F(Execution, DestroysNothingThatIsInTheFile) {
  engine.has(ready(1));
  engine.pass({action(ActionKind::destroy, 1)});
  EXPECT_THAT(engine.jobs.requests, ElementsAre());
  EXPECT_EQ(engine.state(1), MachineState::ready);
}

TEST_F(Execution, DestroysNothingThatCouldNotBeTakenOutOfTheFile) {
  Machine listed = draining(1);
  listed.listing.is_listed = true;
  listed.listing.ended_at.reset();
  engine.has(listed);
  engine.publisher.fails = Error{"cannot write /var/lib/hydra/provisioned.machines: No space left on device"};
  engine.pass({action(ActionKind::destroy, 1)});
  EXPECT_THAT(engine.jobs.requests, ElementsAre());
}

TEST_F(Execution, CreatesAndStartsNothingWhileTheFileCannotBePublished) {
  engine.has(stopped(1));
  engine.publisher.fails = Error{"cannot write /f: No space left on device"};
  engine.pass({action(ActionKind::create, 2), action(ActionKind::start, 1)});
  EXPECT_THAT(engine.jobs.requests, ElementsAre());
  EXPECT_THAT(engine.voice.notes,
              Contains("machines not created or started, as those in use cannot be handed to here: 2"));
  EXPECT_FALSE(engine.journal.has(id(2)));
  const auto trouble = engine.journal.memory.last_delivery->trouble;
  ASSERT_TRUE(trouble);
  EXPECT_EQ(trouble->why, "cannot write /f: No space left on device");
  engine.clock.advance(minutes{5});
  engine.pass({});
  EXPECT_EQ(engine.journal.memory.last_delivery->trouble, trouble) << "since when it fails, and not since now";
  engine.publisher.fails.reset();
  engine.pass({action(ActionKind::create, 2)});
  EXPECT_EQ(engine.jobs.requests.size(), 1);
  EXPECT_EQ(engine.journal.memory.last_delivery->trouble, std::nullopt);
}

TEST_F(Execution, StopsNothingThatIsInTheFile) {
  engine.has(ready(1));
  engine.pass({action(ActionKind::stop, 1)});
  EXPECT_THAT(engine.jobs.requests, ElementsAre());
}

TEST_F(Execution, StopsAndStartsAMachine) {
  engine.has(draining(1));
  engine.pass({action(ActionKind::stop, 1)});
  EXPECT_EQ(engine.state(1), MachineState::stopped);
  EXPECT_TRUE(engine.chronicle.has_before("commit a-1 stopping", "stop a-1"));

  engine.pass({action(ActionKind::start, 1)});
  EXPECT_EQ(engine.state(1), MachineState::ready);
  EXPECT_EQ(engine.machine(1).requested_at, noon);
  EXPECT_EQ(engine.publisher.published(), " 10.0.0.1");
}

TEST_F(Execution, AStartProvesNothingOfWhatWasDeployedBefore) {
  Machine before = stopped(1);
  before.spec_hash = "deployed";
  engine.has(before);
  engine.provider.fails(id(1), Operation::start, {"does not answer", ErrorKind::unfinished});
  engine.pass({action(ActionKind::start, 1)});
  EXPECT_EQ(engine.machine(1).spec_hash, "");
}

TEST_F(Execution, AStartProvesNothingOfWhatWasReportedBefore) {
  Machine before = stopped(1);
  before.listing.closed_since = before.listing.missing_since = before.seen_idle_at = before.joined_at = noon;
  before.listing.was_seen_open = true;
  engine.has(before);
  engine.provider.fails(id(1), Operation::start, {"does not answer", ErrorKind::unfinished});
  engine.pass({action(ActionKind::start, 1)});
  EXPECT_EQ(engine.machine(1).listing, Listing{});
  EXPECT_EQ(engine.machine(1).seen_idle_at, std::nullopt);
  EXPECT_EQ(engine.machine(1).joined_at, std::nullopt);
}

TEST_F(Execution, CarriesAnInterruptedStartOnAsAStart) {
  Machine starting = stopped(1);
  starting.state = MachineState::creating;
  starting.requested_at = noon - minutes{1};
  engine.has(starting);
  engine.provider.has(id(1), InstanceState::stopped);
  engine.pass({action(ActionKind::start, 1)});
  EXPECT_TRUE(engine.chronicle.has("start a-1"));
  EXPECT_FALSE(engine.chronicle.has("create a-1"));
  EXPECT_EQ(engine.machine(1).requested_at, noon - minutes{1});  // its boot time-out goes on
  EXPECT_EQ(engine.state(1), MachineState::ready);
}

TEST_F(Execution, RemembersAMachineThatRefusesToStop) {
  engine.has(draining(1));
  engine.provider.fails(id(1), Operation::stop, {"targetEnv \"none\" cannot be stopped", ErrorKind::refused});
  engine.pass({action(ActionKind::stop, 1)});
  EXPECT_TRUE(engine.machine(1).cannot_stop);
  EXPECT_EQ(engine.state(1), MachineState::draining);
  EXPECT_THAT(engine.voice.problems, ElementsAre(HasSubstr("a-1: stop failed: targetEnv \"none\" cannot be stopped")));
}

TEST_F(Execution, DoesNotTakeAFailedStopForARefusal) {
  engine.has(draining(1));
  engine.provider.fails(id(1), Operation::stop, {"not finished within 1800 s", ErrorKind::timed_out});
  engine.pass({action(ActionKind::stop, 1)});
  EXPECT_FALSE(engine.machine(1).cannot_stop);
  EXPECT_EQ(engine.state(1), MachineState::draining);
}

TEST_F(Execution, TriesAFailedDestructionAgain) {
  engine.has(draining(1));
  engine.provider.fails(id(1), Operation::destroy, {"API unavailable"});
  engine.pass({action(ActionKind::destroy, 1)});
  EXPECT_EQ(engine.state(1), MachineState::destroying);
  EXPECT_EQ(engine.machine(1).last_error, "destroy: API unavailable");
  EXPECT_EQ(engine.failed_passes(), 0);

  engine.provider.recovers();
  engine.pass({action(ActionKind::destroy, 1)});
  EXPECT_EQ(engine.state(1), MachineState::gone);
}

// Limits.

TEST_F(Execution, RunsNoMoreOperationsAtATimeThanAllowed) {
  engine.config.max_parallel = 2;
  std::vector<Action> actions;
  for (int n = 1; n <= 7; ++n) {
    actions.push_back(action(ActionKind::create, n));
    engine.jobs.take(id(n), Seconds{20});
  }
  engine.pass(actions);
  EXPECT_EQ(engine.jobs.requests.size(), 7);
  EXPECT_EQ(engine.jobs.most_at_once(), 2);
}

TEST_F(Execution, CountsTheJobsOfEarlierPassesAmongThem) {
  engine.config.max_parallel = 2;
  for (int n = 1; n <= 4; ++n) engine.jobs.take(id(n), minutes{5});
  engine.pass({action(ActionKind::create, 1), action(ActionKind::create, 2)}, Seconds{60});
  engine.pass({action(ActionKind::create, 3), action(ActionKind::create, 4), action(ActionKind::keep, 1),
               action(ActionKind::keep, 2)},
              minutes{10});
  EXPECT_EQ(engine.jobs.requests.size(), 4);
  EXPECT_EQ(engine.jobs.most_at_once(), 2);
}

TEST_F(Execution, DestroysThoughMachinesBootForever) {
  engine.config.max_parallel = 1;
  engine.provider.boots_after(id(1), never);
  engine.provider.boots_after(id(2), never);
  engine.has(creating(1));
  engine.has(draining(3));
  engine.pass({action(ActionKind::keep, 1), action(ActionKind::create, 2), action(ActionKind::destroy, 3)});
  EXPECT_EQ(engine.state(3), MachineState::gone);
  EXPECT_EQ(engine.state(2), MachineState::creating);
}

TEST_F(Execution, WithoutPatienceBeginsWhatItMayAndWaitsForNothing) {
  engine.config.max_parallel = 2;
  for (int n = 2; n <= 4; ++n) engine.jobs.take(id(n), minutes{5});
  engine.pass({action(ActionKind::create, 2), action(ActionKind::create, 3), action(ActionKind::create, 4)},
              Seconds{0});
  EXPECT_EQ(engine.clock.now(), noon);
  EXPECT_EQ(engine.jobs.requests.size(), 2);
  EXPECT_EQ(engine.state(3), MachineState::creating);
  EXPECT_EQ(engine.state(4), MachineState::requested);
  engine.clock.advance(minutes{6});
  engine.pass({action(ActionKind::keep, 2), action(ActionKind::keep, 3), action(ActionKind::create, 4)}, Seconds{0});
  EXPECT_EQ(engine.state(3), MachineState::ready);
  EXPECT_EQ(engine.jobs.requests.size(), 3);
}

// The intent of each is being committed while the others ask for a place.
TEST_F(Execution, BeginsNoMoreThanAllowedThoughEachBeginningWaitsForTheJournal) {
  engine.config.max_parallel = 3;
  std::vector<Action> actions;
  for (int n = 1; n <= 7; ++n) {
    actions.push_back(action(ActionKind::create, n));
    engine.jobs.take(id(n), minutes{5});
  }
  engine.pass(actions, Seconds{0});
  EXPECT_EQ(engine.jobs.requests.size(), 3);
  EXPECT_EQ(engine.jobs.most_at_once(), 3);
}

TEST_F(Execution, GivesThePlaceOfAJobThatCannotBeginToAnother) {
  engine.config.max_parallel = 1;
  engine.jobs.cannot_begin[id(1)] = Error{"cannot write /state/jobs/a-1.request.json: No space left on device"};
  engine.pass({action(ActionKind::create, 1), action(ActionKind::create, 2)});
  EXPECT_EQ(engine.state(1), MachineState::creating);
  EXPECT_EQ(engine.state(2), MachineState::ready);
}

TEST_F(Execution, LeavesMachinesAloneWhoseProviderCannotBeAsked) {
  engine.has(creating(1));
  engine.provider.listing_fails = Error{"API unavailable"};
  engine.provider.boots_after(id(1), never);
  engine.pass({action(ActionKind::keep, 1)});
  EXPECT_EQ(engine.clock.now(), noon);
  EXPECT_EQ(engine.state(1), MachineState::creating);
}

}  // namespace
}  // namespace hydra_provisioner::act
