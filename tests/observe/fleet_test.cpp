#include "observe/fleet.hpp"

#include <array>
#include <optional>
#include <string>
#include <vector>

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>
#include "tests/support/usual.hpp"

namespace hydra_provisioner::observe {
namespace {

using enum MachineState;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::SizeIs;
using testing::UnorderedElementsAre;

using support::noon;
constexpr Instant earlier = noon - Seconds{600};

constexpr std::array all_states{requested, creating, ready, draining, stopping, stopped, destroying, failed};

Machine remembered(MachineState state, std::int64_t number = 1) {
  Machine machine;
  machine.id = MachineId{fmt::format("a-{}", number)};
  machine.pool = PoolName{"x86_64-linux"};
  machine.state = state;
  machine.since = machine.requested_at = earlier;
  return machine;
}

Instance present(InstanceState state, std::int64_t number = 1) {
  return {.id = InstanceId{fmt::format("i-{}", number)},
          .machine = MachineId{fmt::format("a-{}", number)},
          .pool = PoolName{"x86_64-linux"},
          .state = state,
          .address = "10.0.0.1",
          .host_key = "ssh-ed25519 AAAA",
          .launched_at = earlier};
}

Inventories inventory_of(std::vector<Instance> instances) {
  Inventories inventories;
  inventories.emplace(ProviderKind::local, std::move(instances));
  return inventories;
}
Inventories no_inventory() {
  Inventories inventories;
  inventories.emplace(ProviderKind::local, failure("API unavailable"));
  return inventories;
}

JobState running_job(Operation operation) {
  return {.machine = MachineId{"a-1"}, .operation = operation, .is_running = true, .result = {}};
}
JobState killed_job(Operation operation) {
  return {.machine = MachineId{"a-1"}, .operation = operation, .is_running = false, .result = {}};
}
JobState ended_job(Operation operation, JobResult result) {
  return {.machine = MachineId{"a-1"}, .operation = operation, .is_running = false, .result = std::move(result)};
}

const Numbering numbering{Tag{"a"}, 20};

// What a pass finds out about the only machine, a-1.
struct Found {
  Machine machine;
  std::vector<Discovery> discoveries;

  std::string reasons() const {
    std::string text;
    for (const Discovery& discovery : discoveries) text += (text.empty() ? "" : "; ") + discovery.reason;
    return text;
  }
};

Found find(const Machine& machine, const Inventories& inventories, const std::vector<JobState>& jobs = {}) {
  const Fleet fleet = reconcile({machine}, inventories, jobs, numbering, noon);
  EXPECT_EQ(fleet.machines.size(), 1);
  return {fleet.machines.front(), fleet.discoveries};
}

// Its state in words: "ready", "creating, interrupted", "destroying, vanished".
std::string found(MachineState state, const Inventories& inventories, const std::vector<JobState>& jobs = {}) {
  const Machine machine = find(remembered(state), inventories, jobs).machine;
  std::string text(to_string(machine.state));
  if (machine.found.interrupted) text += ", interrupted";
  if (machine.found.vanished) text += ", vanished";
  if (machine.found.needs_redeploy) text += ", needs redeploy";
  if (machine.found.under_way) text += fmt::format(", {} under way", to_string(*machine.found.under_way));
  return text;
}

// Of a host that led before.

class OperationOfAnotherHost : public testing::Test {
 protected:
  static std::string found(MachineState state, Operation what, const Inventories& inventories, Instant ends_by) {
    Machine machine = remembered(state);
    machine.instance = InstanceId{"i-1"};
    machine.since = noon;
    machine.begun = {.what = what, .host = "1f@other", .ends_by = ends_by};
    const Fleet fleet = reconcile({machine}, inventories, {}, numbering, noon, {.host = "2e@this"});
    const Machine& result = fleet.machines.front();
    std::string text(to_string(result.state));
    if (result.found.interrupted) text += ", interrupted";
    if (result.found.under_way)
      text += fmt::format(", {} under way on {}", to_string(*result.found.under_way), result.found.elsewhere);
    return text;
  }
  static constexpr Instant later = noon + Seconds{1};
};

TEST_F(OperationOfAnotherHost, IsLeftAloneUntilItHasSurelyEnded) {
  EXPECT_EQ(found(creating, Operation::create, inventory_of({}), later), "creating, create under way on other");
  EXPECT_EQ(found(creating, Operation::create, inventory_of({}), noon), "creating, interrupted");
  const auto runs = inventory_of({present(InstanceState::running)});
  EXPECT_EQ(found(destroying, Operation::destroy, runs, later), "destroying, destroy under way on other");
  EXPECT_EQ(found(destroying, Operation::destroy, runs, noon), "destroying");
  EXPECT_EQ(found(ready, Operation::redeploy, runs, later), "ready, redeploy under way on other");
}

TEST_F(OperationOfAnotherHost, ThatStopsAMachineHasNotEndedWhileItRuns) {
  const auto runs = inventory_of({present(InstanceState::running)});
  EXPECT_EQ(found(stopping, Operation::stop, runs, later), "stopping, stop under way on other");
  EXPECT_EQ(found(stopping, Operation::stop, runs, noon), "draining");
}

TEST_F(OperationOfAnotherHost, MayMakeAnewWhatEndedEarly) {
  const auto ended = inventory_of({present(InstanceState::ended)});
  EXPECT_EQ(found(creating, Operation::create, ended, later), "creating, create under way on other");
  EXPECT_EQ(found(creating, Operation::create, ended, noon), "failed");
}

TEST_F(OperationOfAnotherHost, HasNotEndedWhileItsProviderIsSilent) {
  EXPECT_EQ(found(stopping, Operation::stop, no_inventory(), later), "stopping, stop under way on other");
}

TEST_F(OperationOfAnotherHost, HasEndedWhenTheProviderShowsIt) {
  const auto runs = inventory_of({present(InstanceState::running)});
  EXPECT_EQ(found(creating, Operation::create, runs, later), "creating");
  EXPECT_EQ(found(destroying, Operation::destroy, inventory_of({}), later), "gone");
  EXPECT_EQ(found(stopping, Operation::stop, inventory_of({present(InstanceState::stopped)}), later), "stopped");
}

// What the provider says.

TEST(Fleet, AMachineThatItsProviderDoesNotHaveHasVanished) {
  for (const MachineState state : {ready, draining, stopping, stopped, failed}) {
    EXPECT_EQ(found(state, inventory_of({})), fmt::format("{}, vanished", to_string(state)));
  }
}

TEST(Fleet, AMachineThatItsProviderDoesNotHaveYetIsInterrupted) {
  EXPECT_EQ(found(requested, inventory_of({})), "requested, interrupted");
  EXPECT_EQ(found(creating, inventory_of({})), "creating, interrupted");
}

TEST(Fleet, AMissingMachineThatWasBeingStartedHasVanished) {
  Machine machine = remembered(creating);
  machine.ready_at = earlier;
  const Machine result = find(machine, inventory_of({})).machine;
  EXPECT_TRUE(result.found.vanished);
  EXPECT_FALSE(result.found.interrupted);
}

TEST(Fleet, ADestroyedMachineIsGone) {
  const Found result = find(remembered(destroying), inventory_of({}));
  EXPECT_EQ(result.machine.state, gone);
  EXPECT_EQ(result.machine.since, noon);
  EXPECT_EQ(result.reasons(), "its provider does not have it any more");
}

TEST(Fleet, ANoteOfAVanishedMachineIsNotAMachine) {
  for (const MachineState state : {ready, draining, stopping, stopped, destroying, failed}) {
    for (const InstanceState gone : {InstanceState::vanished, InstanceState::ended})
      EXPECT_EQ(found(state, inventory_of({present(gone)})), fmt::format("{}, vanished", to_string(state)));
  }
  Machine taken_over = remembered(creating);
  taken_over.listing.first_began_at = earlier;
  EXPECT_TRUE(find(taken_over, inventory_of({present(InstanceState::vanished)})).machine.found.vanished);
}

TEST(Fleet, ARunningMachineKeepsItsState) {
  for (const MachineState state : {requested, creating, ready, draining, destroying, failed}) {
    const Found result = find(remembered(state), inventory_of({present(InstanceState::running)}));
    EXPECT_EQ(result.machine.state, state);
    EXPECT_EQ(result.machine.since, earlier);
    EXPECT_THAT(result.discoveries, ElementsAre());
    EXPECT_FALSE(result.machine.found.interrupted || result.machine.found.vanished);
  }
}

TEST(Fleet, AMachineThatRunsAlthoughItWasStoppedIsDraining) {
  for (const MachineState state : {stopping, stopped}) {
    const Found result = find(remembered(state), inventory_of({present(InstanceState::running)}));
    EXPECT_EQ(result.machine.state, draining);
    EXPECT_EQ(result.reasons(), "its provider says that it runs");
  }
}

TEST(Fleet, AMachineThatStoppedByItselfIsStopped) {
  for (const MachineState state : {ready, draining, stopping}) {
    const Found result = find(remembered(state), inventory_of({present(InstanceState::stopped)}));
    EXPECT_EQ(result.machine.state, stopped);
    EXPECT_EQ(result.reasons(), "its provider says that it is stopped");
  }
  EXPECT_EQ(found(stopped, inventory_of({present(InstanceState::stopped)})), "stopped");
  EXPECT_EQ(found(destroying, inventory_of({present(InstanceState::stopped)})), "destroying");
  EXPECT_EQ(found(failed, inventory_of({present(InstanceState::stopped)})), "failed");
}

TEST(Fleet, AStoppedMachineThatIsBeingCreatedIsInterrupted) {
  EXPECT_EQ(found(creating, inventory_of({present(InstanceState::stopped)})), "creating, interrupted");
}

TEST(Fleet, AnIncompleteMachineThatIsBeingCreatedIsInterrupted) {
  EXPECT_EQ(found(requested, inventory_of({present(InstanceState::incomplete)})), "requested, interrupted");
  EXPECT_EQ(found(creating, inventory_of({present(InstanceState::incomplete)})), "creating, interrupted");
}

TEST(Fleet, AnIncompleteMachineThatWasReadyHasFailed) {
  for (const MachineState state : {ready, draining, stopping, stopped}) {
    const Found result = find(remembered(state), inventory_of({present(InstanceState::incomplete)}));
    EXPECT_EQ(result.machine.state, failed);
    EXPECT_EQ(result.machine.last_error, "its provider says that it is incomplete");
    EXPECT_EQ(result.discoveries.size(), 1);
  }
  Instance explained = present(InstanceState::incomplete);
  explained.why = "its sshd is gone";
  EXPECT_EQ(find(remembered(ready), inventory_of({explained})).machine.last_error, "its sshd is gone");
  EXPECT_EQ(found(failed, inventory_of({present(InstanceState::incomplete)})), "failed");
  EXPECT_EQ(found(destroying, inventory_of({present(InstanceState::incomplete)})), "destroying");
}

TEST(Fleet, ChangesNothingWhenTheProviderDoesNotAnswer) {
  for (const MachineState state : all_states) {
    EXPECT_EQ(found(state, no_inventory()), to_string(state));
    EXPECT_EQ(found(state, {}), to_string(state));
  }
}

TEST(Fleet, LooksOnlyAtAMachinesOwnProvider) {
  Inventories inventories = inventory_of({});
  inventories.emplace(ProviderKind::nixops, std::vector{present(InstanceState::stopped)});
  Machine machine = remembered(ready);
  machine.provider = ProviderKind::nixops;
  EXPECT_EQ(find(machine, inventories).machine.state, stopped);
}

TEST(Fleet, CopiesWhatTheProviderKnows) {
  const Machine machine = find(remembered(creating), inventory_of({present(InstanceState::running)})).machine;
  EXPECT_EQ(machine.instance, InstanceId{"i-1"});
  EXPECT_EQ(machine.address, "10.0.0.1");
  EXPECT_EQ(machine.host_key, "ssh-ed25519 AAAA");
  EXPECT_EQ(machine.launched_at, earlier);
}

TEST(Fleet, KeepsTheLastAddressOfAStoppedMachine) {
  Machine machine = remembered(stopping);
  machine.address = "10.0.0.7";
  Instance instance = present(InstanceState::stopped);
  instance.address.clear();
  EXPECT_EQ(find(machine, inventory_of({instance})).machine.address, "10.0.0.7");
}

// Results of jobs.

TEST(Fleet, LeavesAMachineToItsRunningJob) {
  for (const Operation operation : {Operation::create, Operation::start, Operation::stop, Operation::destroy}) {
    for (const MachineState state : all_states) {
      const std::string expected = fmt::format("{}, {} under way", to_string(state), to_string(operation));
      EXPECT_EQ(found(state, inventory_of({}), {running_job(operation)}), expected);
      EXPECT_EQ(found(state, inventory_of({present(InstanceState::incomplete)}), {running_job(operation)}), expected);
      EXPECT_EQ(found(state, no_inventory(), {running_job(operation)}), expected);
    }
  }
}

TEST(Fleet, CopiesTheInstanceThatAJobReturned) {
  const Found result = find(remembered(creating), no_inventory(),
                            {ended_job(Operation::create, JobResult(present(InstanceState::running)))});
  EXPECT_EQ(result.machine.state, creating);
  EXPECT_EQ(result.machine.address, "10.0.0.1");
  EXPECT_THAT(result.discoveries, ElementsAre());
}

TEST(Fleet, PrefersTheInventoryToAJobsResult) {
  Instance moved = present(InstanceState::running);
  moved.address = "10.0.0.2";
  EXPECT_EQ(find(remembered(creating), inventory_of({moved}),
                 {ended_job(Operation::create, JobResult(present(InstanceState::running)))})
                .machine.address,
            "10.0.0.2");
}

TEST(Fleet, AMachineWhoseCreationOrStartFailedHasFailed) {
  for (const Operation operation : {Operation::create, Operation::start}) {
    const Found result = find(remembered(creating), inventory_of({present(InstanceState::incomplete)}),
                              {ended_job(operation, failure("no capacity"))});
    EXPECT_EQ(result.machine.state, failed);
    EXPECT_EQ(result.machine.last_error, fmt::format("{}: no capacity", to_string(operation)));
    EXPECT_EQ(result.reasons(), result.machine.last_error);
    EXPECT_FALSE(result.machine.found.interrupted);
  }
}

TEST(Fleet, IgnoresAnOldFailure) {
  const Found result = find(remembered(failed), inventory_of({present(InstanceState::incomplete)}),
                            {ended_job(Operation::create, failure("no capacity"))});
  EXPECT_EQ(result.machine.state, failed);
  EXPECT_THAT(result.discoveries, ElementsAre());
}

TEST(Fleet, AppliesTheResultOfAStop) {
  EXPECT_EQ(found(stopping, no_inventory(), {ended_job(Operation::stop, std::nullopt)}), "stopped");
  EXPECT_EQ(found(stopping, no_inventory(), {ended_job(Operation::stop, failure("timed out"))}), "draining");
  EXPECT_EQ(found(stopping, inventory_of({present(InstanceState::running)}),
                  {ended_job(Operation::stop, failure("timed out", ErrorKind::timed_out))}),
            "draining");
}

TEST(Fleet, RemembersAMachineThatCannotBeStopped) {
  const auto after = [](ErrorKind kind) {
    return find(remembered(stopping), no_inventory(), {ended_job(Operation::stop, failure("no", kind))}).machine;
  };
  EXPECT_TRUE(after(ErrorKind::refused).cannot_stop);
  EXPECT_FALSE(after(ErrorKind::failed).cannot_stop);
  EXPECT_FALSE(after(ErrorKind::timed_out).cannot_stop);
}

TEST(Fleet, BelievesTheProviderAfterAFailedStop) {
  const Found result = find(remembered(stopping), inventory_of({present(InstanceState::stopped)}),
                            {ended_job(Operation::stop, failure("timed out"))});
  EXPECT_EQ(result.machine.state, stopped);
  EXPECT_EQ(result.reasons(), "stop: timed out; its provider says that it is stopped");
}

TEST(Fleet, AppliesTheResultOfADestruction) {
  EXPECT_EQ(found(destroying, no_inventory(), {ended_job(Operation::destroy, std::nullopt)}), "gone");
  const Found result = find(remembered(destroying), inventory_of({present(InstanceState::running)}),
                            {ended_job(Operation::destroy, failure("API unavailable"))});
  EXPECT_EQ(result.machine.state, destroying);
  EXPECT_EQ(result.machine.last_error, "destroy: API unavailable");
}

TEST(Fleet, CountsFailuresOfOneOperationInARow) {
  Machine machine = remembered(destroying);
  const auto fails = [&](Operation operation) {
    machine = find(machine, no_inventory(), {ended_job(operation, failure("API unavailable"))}).machine;
    return machine.failures;
  };
  EXPECT_EQ(fails(Operation::destroy), (Failures{.of = Operation::destroy, .in_a_row = 1, .latest = noon}));
  EXPECT_EQ(fails(Operation::destroy).in_a_row, 2);
  EXPECT_EQ(fails(Operation::stop).in_a_row, 1);
  machine = find(machine, no_inventory(), {ended_job(Operation::destroy, std::nullopt)}).machine;
  EXPECT_EQ(machine.failures, Failures{});
}

TEST(Fleet, OnlyAJobThatIsKilledAgainHasToWait) {
  Machine machine = remembered(creating);
  const auto is_killed = [&] {
    machine = find(machine, no_inventory(), {killed_job(Operation::create)}).machine;
    return machine.failures;
  };
  EXPECT_EQ(is_killed(), (Failures{.of = Operation::create, .in_a_row = 1, .latest = {}}));
  EXPECT_EQ(is_killed(), (Failures{.of = Operation::create, .in_a_row = 2, .latest = noon}));
  EXPECT_EQ(machine.last_error, "create: its process was killed before it wrote a result");
  EXPECT_EQ(machine.state, creating);
}

TEST(Fleet, AMachineThatItsCloudEndsBeforeItIsReadyIsAFailedCreation) {
  Instance ended = present(InstanceState::ended);
  ended.why = "Client.InternalError: Client error on launch";
  const Fleet fleet = reconcile({remembered(creating)}, inventory_of({ended}), {}, numbering, noon);
  EXPECT_EQ(fleet.machines.front().state, failed);
  EXPECT_EQ(fleet.machines.front().last_error,
            "ended before it was ready: Client.InternalError: Client error on launch");
  EXPECT_THAT(fleet.ended_early, ElementsAre(MachineId{"a-1"}));
}

TEST(Fleet, OneThatEndsLaterHasVanished) {
  Machine machine = remembered(creating);
  machine.ready_at = earlier;
  const Fleet fleet = reconcile({machine}, inventory_of({present(InstanceState::ended)}), {}, numbering, noon);
  EXPECT_TRUE(fleet.machines.front().found.vanished);
  EXPECT_THAT(fleet.ended_early, ElementsAre());
}

TEST(Fleet, AMachineWhoseOldSystemWorksStaysInUseWhenItsRedeployFails) {
  Machine machine = remembered(ready);
  machine.spec_hash = "old";
  const auto after = [&](ErrorKind kind) {
    return find(machine, inventory_of({present(InstanceState::unproven)}),
                {ended_job(Operation::redeploy, failure("no", kind))})
        .machine;
  };
  for (const ErrorKind kind : {ErrorKind::untouched, ErrorKind::still_works, ErrorKind::refused}) {
    EXPECT_EQ(after(kind).state, ready);
    EXPECT_EQ(after(kind).spec_hash, "old");
    EXPECT_EQ(after(kind).last_error, "redeploy: no");
    EXPECT_EQ(after(kind).cannot_redeploy, kind == ErrorKind::refused);
  }
  EXPECT_EQ(after(ErrorKind::unfinished).state, creating);
}

TEST(Fleet, AMachineThatWorksAfterAllIsUsedAgain) {
  Machine machine = remembered(creating);
  machine.ready_at = earlier;
  const JobState job = ended_job(Operation::redeploy, failure("no", ErrorKind::still_works));
  EXPECT_EQ(find(machine, inventory_of({present(InstanceState::unproven)}), {job}).machine.state, ready);
}

TEST(Fleet, AMachineThatWasTakenOverAndWorksIsUsedThoughItsRedeployFails) {
  Machine machine = remembered(creating);
  machine.ready_at.reset();
  machine.listing.first_began_at = Instant{};
  for (const ErrorKind kind : {ErrorKind::still_works, ErrorKind::refused}) {
    const JobState job = ended_job(Operation::redeploy, failure("no", kind));
    const Machine after = find(machine, inventory_of({present(InstanceState::unproven)}), {job}).machine;
    EXPECT_EQ(after.state, ready);
    EXPECT_EQ(after.ready_at, noon);
  }
}

TEST(Fleet, OldRecordsAreNoFailedCreations) {
  const Fleet fleet = reconcile({}, inventory_of({present(InstanceState::ended)}), {}, numbering, noon);
  EXPECT_THAT(fleet.ended_early, ElementsAre());
}

TEST(Fleet, AMachineThatItsProviderDescribesBadlyIsOneBadMachine) {
  Inventory inventory{.instances = {present(InstanceState::running, 2)}};
  inventory.unclear.push_back({.instance = present(InstanceState::running, 1), .why = "no key"});
  Inventories inventories;
  inventories.emplace(ProviderKind::local, inventory);
  const Fleet fleet = reconcile({remembered(ready, 1), remembered(ready, 2)}, inventories, {}, numbering, noon);
  EXPECT_EQ(fleet.machines.at(0).found.unclear, "no key");
  EXPECT_FALSE(fleet.machines.at(0).found.vanished);
  EXPECT_EQ(fleet.machines.at(1).found.unclear, "");
  EXPECT_THAT(fleet.unclear, ElementsAre("a-1: no key; it is left alone"));
}

TEST(Fleet, AForgottenMachineIsGoneAndNotTakenOverAgain) {
  const Claims forgotten{.forgotten = {.machines = {MachineId{"a-1"}}, .instances = {InstanceId{"i-1"}}}};
  const Fleet first = reconcile({remembered(destroying)}, inventory_of({present(InstanceState::running)}), {},
                                numbering, noon, forgotten);
  EXPECT_EQ(first.machines.front().state, gone);
  EXPECT_EQ(first.discoveries.front().reason, "forgotten, as an operator has ordered");
  Instance renamed = present(InstanceState::running);
  renamed.machine = MachineId{"other"};
  for (const Instance& shown : {present(InstanceState::running), renamed})
    EXPECT_THAT(reconcile({}, inventory_of({shown}), {}, numbering, noon, forgotten).adopted, ElementsAre());
}

// An instance that the journal does not know, and to whom it belongs.
Instance owned_by(const std::string& owner) {
  Instance instance = present(InstanceState::running);
  instance.owner = Owner{owner};
  return instance;
}

const Claims ours{.owner = Owner{"us"}};

TEST(Fleet, AMachineOfAnotherInstallationIsForeign) {
  const Fleet fleet = reconcile({}, inventory_of({owned_by("them")}), {}, numbering, noon, ours);
  EXPECT_THAT(fleet.machines, IsEmpty());
  ASSERT_EQ(fleet.foreign.size(), 1U);
  EXPECT_EQ(described(fleet.foreign.front()),
            "a-1 (local, i-1) is foreign: it belongs to the installation them; it is left alone, unless you order: "
            "adopt i-1");
}

TEST(Fleet, AfterALostJournalOurOwnMachinesAreTakenOver) {
  const Fleet fleet = reconcile({}, inventory_of({owned_by("us")}), {}, numbering, noon, ours);
  EXPECT_THAT(fleet.adopted, ElementsAre(MachineId{"a-1"}));
  EXPECT_EQ(fleet.machines.front().owner, Owner{"us"});
}

// NixOps' deployments, whose names go from machine to machine.

Inventories deployments(std::vector<Instance> instances) {
  Inventories inventories;
  inventories.emplace(ProviderKind::nixops, Inventory{.instances = std::move(instances)});
  return inventories;
}

// a-5, whose deployment is called a-1.
Machine renamed(const std::string& instance) {
  Machine machine = remembered(ready, 5);
  machine.provider = ProviderKind::nixops;
  machine.noted_as = MachineId{"a-1"};
  machine.instance = InstanceId{instance};
  return machine;
}

TEST(Fleet, ADeploymentIsThatOfTheMachineWhichGotItsName) {
  const Fleet fleet = reconcile({renamed("")}, deployments({present(InstanceState::unproven)}), {}, numbering, noon);
  ASSERT_THAT(fleet.machines, SizeIs(1));
  EXPECT_EQ(fleet.machines.front().instance, InstanceId{"i-1"});
}

TEST(Fleet, ADeploymentFromBeforeNamesWereUsedAgainIsCalledLikeItsMachine) {
  Machine machine = remembered(creating);
  machine.provider = ProviderKind::nixops;
  const Fleet fleet = reconcile({machine}, deployments({present(InstanceState::unproven)}), {}, numbering, noon);
  ASSERT_THAT(fleet.machines, SizeIs(1));
  EXPECT_EQ(fleet.machines.front().instance, InstanceId{"i-1"});
}

TEST(Fleet, ADeploymentThatHasGotTheNameOfALostOneIsAnother) {
  const Fleet fleet =
      reconcile({renamed("i-7")}, deployments({present(InstanceState::unproven)}), {}, numbering, noon, ours);
  EXPECT_TRUE(fleet.machines.front().found.vanished);
  EXPECT_THAT(fleet.foreign, SizeIs(1));
  EXPECT_THAT(fleet.names, ElementsAre(MachineId{"a-1"}));
}

TEST(Fleet, AMachineThatIsMadeAnewIsFoundByItsName) {
  Machine machine = renamed("i-7");
  machine.state = creating;
  const Fleet fleet = reconcile({machine}, deployments({present(InstanceState::unproven)}), {}, numbering, noon, ours);
  ASSERT_THAT(fleet.machines, SizeIs(1)) << "i-7 is gone, and i-1 has its name";
  EXPECT_EQ(fleet.machines.front().instance, InstanceId{"i-1"});
  EXPECT_THAT(fleet.foreign, IsEmpty());
}

TEST(Fleet, AfterALostJournalADeploymentIsTheMachineThatMadeItAndKeepsItsSlot) {
  Instance instance = present(InstanceState::unproven);
  instance.made_as = MachineId{"a-5"};
  instance.slot = 2;
  const Fleet fleet = reconcile({}, deployments({instance}), {}, numbering, noon);
  ASSERT_THAT(fleet.adopted, ElementsAre(MachineId{"a-5"}));
  EXPECT_EQ(fleet.machines.front().noted_as, MachineId{"a-1"});
  EXPECT_EQ(fleet.machines.front().slot, 2);
}

TEST(Fleet, ADeploymentThatNoFileKnowsDoesNotGetAnIdThatTheJournalMayHave) {
  const Claims all{.all_are_ordered = true};
  const auto adopted = [&](std::int64_t used) {
    return reconcile({}, deployments({present(InstanceState::unproven)}), {}, {Tag{"a"}, 20, used}, noon, all);
  };
  EXPECT_THAT(adopted(0).adopted, ElementsAre(MachineId{"a-1"}));
  EXPECT_EQ(adopted(0).machines.front().noted_as, MachineId{});
  EXPECT_THAT(adopted(2).adopted, ElementsAre(MachineId{"a-20"}));
  EXPECT_EQ(adopted(2).machines.front().noted_as, MachineId{"a-1"});
}

TEST(Fleet, ADeploymentOfAForgottenMachineIsForgottenUnderAnyName) {
  Instance instance = present(InstanceState::unproven);
  instance.made_as = MachineId{"a-5"};
  const Claims claims{.forgotten = {.machines = {MachineId{"a-5"}}}};
  EXPECT_THAT(reconcile({}, deployments({instance}), {}, numbering, noon, claims).adopted, IsEmpty());
}

TEST(Fleet, EachMachineOfNixopsHasASlot) {
  Machine old = remembered(ready, 3);
  old.provider = ProviderKind::nixops;
  Instance noted = present(InstanceState::unproven);
  noted.made_as = noted.machine;
  noted.slot = 0;
  const Fleet fleet = reconcile({old}, deployments({noted, present(InstanceState::unproven, 3)}), {}, numbering, noon);
  ASSERT_THAT(fleet.machines, SizeIs(2));
  EXPECT_EQ(fleet.machines.front().slot, 0);
  EXPECT_EQ(fleet.machines.back().slot, 1);
}

TEST(Fleet, AMachineWithoutAnOwnerIsOursOnlyIfThatCanBeShown) {
  const auto adopted = [](const Claims& claims, bool is_on_record = false) {
    Instance instance = owned_by("");
    if (is_on_record) instance.made_as = instance.machine;
    return !reconcile({}, inventory_of({instance}), {}, numbering, noon, claims).adopted.empty();
  };
  EXPECT_FALSE(adopted(ours));
  EXPECT_TRUE(adopted(ours, true));
  EXPECT_TRUE(adopted({.owner = Owner{"us"}, .listed_by_queue = {"root@10.0.0.1"}}));
  EXPECT_FALSE(adopted({.owner = Owner{"us"}, .listed_by_queue = {"root@10.0.0.2"}}));
  EXPECT_TRUE(adopted({.owner = Owner{"us"}, .in_use = {"root@10.0.0.1"}}));
  // A queue runner to which machines connect shows ids, which another installation may use, too.
  EXPECT_FALSE(adopted({.owner = Owner{"us"}, .listed_by_queue = {"a-1"}, .in_use = {"a-1"}}));
}

TEST(Fleet, AnOperatorsOrderTakesOverAForeignMachine) {
  const std::vector<Claims> orders{{.owner = Owner{"us"}, .ordered = {"a-1"}},
                                   {.owner = Owner{"us"}, .ordered = {"i-1"}},
                                   {.owner = Owner{"us"}, .all_are_ordered = true}};
  for (const Claims& claims : orders) {
    const Fleet fleet = reconcile({}, inventory_of({owned_by("them")}), {}, numbering, noon, claims);
    ASSERT_THAT(fleet.adopted, ElementsAre(MachineId{"a-1"}));
    EXPECT_EQ(fleet.machines.front().owner, Owner{"them"});
    EXPECT_THAT(reconcile(fleet.machines, inventory_of({owned_by("them")}), {}, numbering, noon, ours).foreign,
                IsEmpty());
  }
  const Claims another{.owner = Owner{"us"}, .ordered = {"a-2"}};
  EXPECT_THAT(reconcile({}, inventory_of({owned_by("them")}), {}, numbering, noon, another).adopted, IsEmpty());
}

TEST(Fleet, AForeignMachineWithTheIdOfOursIsNotTakenForIt) {
  Machine machine = remembered(creating);
  machine.owner = Owner{"us"};
  const auto seen = [&](const std::string& instance) {
    machine.instance = InstanceId{instance};
    return reconcile({machine}, inventory_of({owned_by("them")}), {}, numbering, noon, ours);
  };
  for (const std::string instance : {"", "i-1", "i-2"}) {
    EXPECT_EQ(seen(instance).machines.front().state, gone) << "no job may destroy what has its id";
    EXPECT_THAT(seen(instance).foreign, SizeIs(1));
  }
  EXPECT_EQ(seen("").discoveries.back().reason, "i-1 belongs to the installation them, and is left alone");
}

TEST(Fleet, AMachineThatWasHandedOverIsNotDestroyed) {
  Machine machine = remembered(ready);
  machine.owner = Owner{"us"};
  const Fleet fleet = reconcile({machine}, inventory_of({owned_by("them")}), {}, numbering, noon, ours);
  EXPECT_EQ(fleet.machines.front().state, gone);
  EXPECT_FALSE(fleet.machines.front().found.vanished);
  EXPECT_THAT(fleet.foreign, SizeIs(1));
}

TEST(Fleet, AMachineThatWasJustMadeMayBeMissingInAListing) {
  const auto missing_after = [](Seconds age) {
    Machine machine = remembered(creating);
    machine.instance = InstanceId{"i-1"};
    machine.since = noon - age;
    return reconcile({machine}, inventory_of({}), {}, numbering, noon);
  };
  EXPECT_TRUE(missing_after(Seconds{59}).machines.front().found.interrupted);
  EXPECT_THAT(missing_after(Seconds{59}).ended_early, IsEmpty());
  EXPECT_THAT(missing_after(Seconds{60}).ended_early, SizeIs(1));
}

TEST(Fleet, AMachineWithoutAnOwnerIsNotOursWhereOwnersAreNotedFromTheBeginning) {
  Machine machine = remembered(creating);
  machine.owner = Owner{"us"};
  Inventories inventories = inventory_of({present(InstanceState::running)});
  EXPECT_THAT(reconcile({machine}, inventories, {}, numbering, noon, ours).foreign, IsEmpty());
  inventories.begin()->second->notes_owners = true;
  EXPECT_THAT(reconcile({machine}, inventories, {}, numbering, noon, ours).foreign, SizeIs(1));
  Instance on_record = present(InstanceState::running);
  on_record.made_as = on_record.machine;
  Inventories of_our_files = inventory_of({on_record});
  of_our_files.begin()->second->notes_owners = true;
  EXPECT_THAT(reconcile({machine}, of_our_files, {}, numbering, noon, ours).machines, SizeIs(1));
  machine.owner = {};  // made by a version that noted none
  EXPECT_THAT(reconcile({machine}, inventories, {}, numbering, noon, ours).foreign, IsEmpty());
}

TEST(Fleet, NewNumbersAreAboveThoseOfForeignMachinesThatCanBeReached) {
  const Tag tag{"a"};
  EXPECT_EQ(number_after(present(InstanceState::running, 7), tag), 8);
  EXPECT_EQ(number_after(present(InstanceState::running, adopted_numbers_end), tag), 0);
  EXPECT_EQ(number_after(present(InstanceState::running, 7), Tag{"b"}), 0);
}

TEST(Fleet, BelievesTheProviderAfterAJobWasKilled) {
  EXPECT_EQ(found(creating, inventory_of({}), {killed_job(Operation::create)}), "creating, interrupted");
  EXPECT_EQ(found(creating, inventory_of({present(InstanceState::incomplete)}), {killed_job(Operation::create)}),
            "creating, interrupted");
  EXPECT_EQ(found(creating, inventory_of({present(InstanceState::running)}), {killed_job(Operation::create)}),
            "creating");
  EXPECT_EQ(found(stopping, inventory_of({present(InstanceState::running)}), {killed_job(Operation::stop)}),
            "draining");
  EXPECT_EQ(found(stopping, no_inventory(), {killed_job(Operation::stop)}), "stopping");
  EXPECT_EQ(found(destroying, inventory_of({}), {killed_job(Operation::destroy)}), "gone");
  EXPECT_EQ(found(destroying, inventory_of({present(InstanceState::running)}), {killed_job(Operation::destroy)}),
            "destroying");
}

TEST(Fleet, IgnoresJobsOfUnknownMachines) {
  const Fleet fleet = reconcile({}, inventory_of({}), {ended_job(Operation::destroy, std::nullopt)}, numbering, noon);
  EXPECT_THAT(fleet.machines, ElementsAre());
}

// Machines that the journal does not know.

TEST(Fleet, AdoptsUnknownMachines) {
  const Fleet fleet = reconcile({}, inventory_of({present(InstanceState::running)}), {}, numbering, noon);
  EXPECT_THAT(fleet.adopted, ElementsAre(MachineId{"a-1"}));
  ASSERT_EQ(fleet.machines.size(), 1);
  const Machine& machine = fleet.machines.front();
  EXPECT_EQ(machine.state, creating);
  EXPECT_EQ(machine.pool, PoolName{"x86_64-linux"});
  EXPECT_EQ(machine.provider, ProviderKind::local);
  EXPECT_EQ(machine.since, noon);
  EXPECT_EQ(machine.requested_at, noon);
  EXPECT_EQ(machine.instance, InstanceId{"i-1"});
  EXPECT_EQ(machine.address, "10.0.0.1");
}

TEST(Fleet, AdoptedMachinesThatAreInUseStayReady) {
  const auto adopted = [](InstanceState state, const std::vector<JobState>& jobs = {}) {
    const Claims claims{.in_use = {"root@10.0.0.1"}};
    return reconcile({}, inventory_of({present(state)}), jobs, numbering, noon, claims).machines.front();
  };
  for (const auto state : {InstanceState::running, InstanceState::unproven}) {
    EXPECT_EQ(adopted(state).state, ready);
    EXPECT_EQ(adopted(state).ready_at, noon);
    EXPECT_EQ(adopted(state).listing.began_at, noon);
    EXPECT_TRUE(adopted(state).listing.is_listed);
  }
  EXPECT_EQ(adopted(InstanceState::running, {running_job(Operation::create)}).state, creating);
  EXPECT_EQ(adopted(InstanceState::unreachable).state, creating);
  EXPECT_EQ(adopted(InstanceState::stopped).state, stopped);
}

TEST(Fleet, MachinesThatTheQueueRunnerUsesCountAsListedWhateverTheJournalKnows) {
  const auto listing = [](std::set<std::string> used) {
    const Claims claims{.used_by_queue = std::move(used)};
    return reconcile({remembered(creating)}, inventory_of({present(InstanceState::running)}), {}, numbering, noon,
                     claims)
        .machines.front()
        .listing;
  };
  EXPECT_TRUE(listing({"root@10.0.0.1"}).first_began_at);
  EXPECT_TRUE(listing({"root@10.0.0.1"}).is_listed);
  EXPECT_FALSE(listing({"root@10.0.0.2"}).first_began_at);
}

TEST(Fleet, AdoptedMachinesCountAsListedBecauseStepsMayRunThere) {
  for (const auto state :
       {InstanceState::running, InstanceState::stopped, InstanceState::incomplete, InstanceState::vanished}) {
    const Machine machine = reconcile({}, inventory_of({present(state)}), {}, numbering, noon).machines.front();
    EXPECT_TRUE(machine.listing.is_listed);
    EXPECT_TRUE(machine.listing.first_began_at);
    EXPECT_LT(*machine.listing.first_began_at, earlier);
    EXPECT_EQ(machine.listing.ended_at, std::nullopt);
  }
}

TEST(Fleet, AdoptsMachinesInTheirState) {
  const auto adopted = [](InstanceState state, const std::vector<JobState>& jobs = {}) {
    const Machine machine = reconcile({}, inventory_of({present(state)}), jobs, numbering, noon).machines.front();
    return fmt::format("{}{}{}{}", to_string(machine.state), machine.found.interrupted ? ", interrupted" : "",
                       machine.found.vanished ? ", vanished" : "", machine.found.under_way ? ", under way" : "");
  };
  EXPECT_EQ(adopted(InstanceState::stopped), "stopped");
  EXPECT_EQ(adopted(InstanceState::incomplete), "failed") << "what runs on it would end if it were made anew";
  EXPECT_EQ(adopted(InstanceState::vanished), "creating, vanished");
  EXPECT_EQ(adopted(InstanceState::incomplete, {running_job(Operation::create)}), "creating, under way");
}

TEST(Fleet, AdoptsAnInstanceOnceThatIsInTheInventoryTwice) {
  const Fleet fleet = reconcile({}, inventory_of({present(InstanceState::running), present(InstanceState::running)}),
                                {}, numbering, noon);
  EXPECT_THAT(fleet.adopted, ElementsAre(MachineId{"a-1"}));
}

TEST(Fleet, GivesAnIdToAnInstanceWithoutOneOfOurs) {
  Instance foreign = present(InstanceState::unproven, 3);
  foreign.machine = MachineId{"renamed"};
  Instance nameless = present(InstanceState::unproven, 4);
  nameless.machine = MachineId{};
  const Fleet fleet =
      reconcile({}, inventory_of({foreign, nameless, present(InstanceState::unproven, 25)}), {}, numbering, noon);
  EXPECT_THAT(fleet.adopted, UnorderedElementsAre(MachineId{"a-25"}, MachineId{"a-26"}, MachineId{"a-27"}))
      << "beyond all numbers in use";
  EXPECT_EQ(fleet.machines[1].instance, InstanceId{"i-3"});
}

TEST(Fleet, LeavesAnInstanceAloneWhoseNumberWeNeverReach) {
  for (const std::int64_t number : {adopted_numbers_end, machine_numbers_end - 1}) {
    const Fleet fleet =
        reconcile({remembered(ready)},
                  inventory_of({present(InstanceState::running), present(InstanceState::running, number),
                                present(InstanceState::running, 25)}),
                  {}, numbering, noon);
    EXPECT_THAT(fleet.adopted, ElementsAre(MachineId{"a-25"}));
    EXPECT_EQ(fleet.machines.size(), 2);
  }
}

TEST(Fleet, KnowsItsOwnMachinesWhateverTheirNumber) {
  const std::int64_t number = adopted_numbers_end + 7;
  const Fleet fleet = reconcile({remembered(ready, number)}, inventory_of({present(InstanceState::running, number)}),
                                {}, numbering, noon);
  ASSERT_EQ(fleet.machines.size(), 1);
  EXPECT_FALSE(fleet.machines.front().found.vanished);
}

TEST(Fleet, DistinguishesTwoInstancesWithOneId) {
  Machine known = remembered(ready, 1);
  known.instance = InstanceId{"i-8"};
  known.spec_hash = "hash";
  Instance twin = present(InstanceState::unproven, 1);
  Instance ours = twin;
  ours.id = InstanceId{"i-8"};
  const Fleet fleet = reconcile({known}, inventory_of({twin, ours}), {}, numbering, noon);
  ASSERT_EQ(fleet.machines.size(), 2);
  EXPECT_EQ(fleet.machines[0].instance, InstanceId{"i-8"});
  EXPECT_EQ(fleet.machines[0].state, ready);
  EXPECT_EQ(fleet.machines[1].id, MachineId{"a-20"});
  EXPECT_EQ(fleet.machines[1].instance, InstanceId{"i-1"});
}

TEST(Fleet, GivesASecondInstanceNoIdOfAnother) {
  Instance twin = present(InstanceState::unproven, 1);
  twin.id = InstanceId{"i-0"};
  const Fleet fleet =
      reconcile({},
                inventory_of({present(InstanceState::unproven, 1), twin, present(InstanceState::unproven, 2),
                              present(InstanceState::unproven, 30)}),
                {}, numbering, noon);
  EXPECT_THAT(fleet.adopted,
              UnorderedElementsAre(MachineId{"a-1"}, MachineId{"a-2"}, MachineId{"a-30"}, MachineId{"a-31"}));
}

TEST(Fleet, RecognisesAMachineByItsInstanceId) {
  Machine known = remembered(ready, 1);
  known.instance = InstanceId{"i-1"};
  known.spec_hash = "hash";
  Instance renamed = present(InstanceState::unproven, 1);
  renamed.machine = MachineId{"renamed"};
  const Fleet fleet = reconcile({known}, inventory_of({renamed}), {}, numbering, noon);
  ASSERT_EQ(fleet.machines.size(), 1);
  EXPECT_EQ(fleet.machines[0].state, ready);
}

// Machines whose provider cannot tell whether their creation was finished.

TEST(Fleet, RedeploysAMachineThatMayNotBeDeployed) {
  EXPECT_EQ(found(creating, inventory_of({present(InstanceState::unproven)})), "creating, needs redeploy");
  EXPECT_EQ(found(creating, inventory_of({present(InstanceState::unproven)}), {running_job(Operation::create)}),
            "creating, create under way");
  Instance deployed = present(InstanceState::running);
  deployed.spec_hash = "hash";
  EXPECT_EQ(found(creating, inventory_of({present(InstanceState::unproven)}), {ended_job(Operation::create, deployed)}),
            "creating");
}

TEST(Fleet, AReadyMachineThatCannotBeUsedIsCreatingAgain) {
  const Found result = find(remembered(ready), inventory_of({present(InstanceState::unreachable)}));
  EXPECT_EQ(result.machine.state, creating);
  EXPECT_EQ(result.machine.requested_at, noon) << "it has its bootTimeout again";
  EXPECT_TRUE(result.machine.found.needs_redeploy);
  EXPECT_EQ(found(draining, inventory_of({present(InstanceState::unreachable)})), "draining");
}

TEST(Fleet, RepeatsTheCreationOfAMachineThatNeverWasReady) {
  Instance nothing = present(InstanceState::vanished);
  nothing.address.clear();
  EXPECT_EQ(found(creating, inventory_of({nothing})), "creating, interrupted");
  EXPECT_EQ(found(ready, inventory_of({nothing})), "ready, vanished");
}

TEST(Fleet, RepeatsAnUnfinishedCreation) {
  const auto unfinished = failure("activation failed", ErrorKind::unfinished);
  EXPECT_EQ(
      found(creating, inventory_of({present(InstanceState::unproven)}), {ended_job(Operation::create, unfinished)}),
      "creating, needs redeploy");
  EXPECT_EQ(
      found(creating, inventory_of({present(InstanceState::unproven)}), {ended_job(Operation::create, failure("no"))}),
      "failed");
}

TEST(Fleet, AMachineWhoseRedeploymentFailedIsCreatingAgain) {
  Machine machine = remembered(ready);
  machine.spec_hash = "old";
  const Found result =
      find(machine, inventory_of({present(InstanceState::unproven)}), {ended_job(Operation::redeploy, failure("no"))});
  EXPECT_EQ(result.machine.state, creating);
  EXPECT_EQ(result.machine.spec_hash, "");
  EXPECT_TRUE(result.machine.found.needs_redeploy);
  EXPECT_EQ(result.reasons(), "redeploy: no");
}

TEST(Fleet, ARedeployedMachineStaysReady) {
  Machine machine = remembered(ready);
  machine.spec_hash = "old";
  Instance deployed = present(InstanceState::running);
  deployed.spec_hash = "new";
  const Found result =
      find(machine, inventory_of({present(InstanceState::unproven)}), {ended_job(Operation::redeploy, deployed)});
  EXPECT_EQ(result.machine.state, ready);
  EXPECT_EQ(result.machine.spec_hash, "new");
  EXPECT_EQ(result.machine.checked_at, noon);
}

TEST(Fleet, ListsTheMachinesThatChanged) {
  Machine same = remembered(ready, 1);
  update_from(same, present(InstanceState::running, 1));
  Machine moved = remembered(ready, 2);
  update_from(moved, present(InstanceState::running, 2));
  moved.address = "10.0.0.7";
  const Fleet fleet = reconcile({same, moved, remembered(destroying, 3)},
                                inventory_of({present(InstanceState::running, 1), present(InstanceState::running, 2),
                                              present(InstanceState::running, 4)}),
                                {}, numbering, noon);
  EXPECT_THAT(fleet.changed, ElementsAre(MachineId{"a-2"}, MachineId{"a-3"}, MachineId{"a-4"}));
}

TEST(Fleet, SortsMachinesByNumber) {
  const Fleet fleet = reconcile({remembered(ready, 10), remembered(ready, 9)},
                                inventory_of({present(InstanceState::running, 11), present(InstanceState::running, 2)}),
                                {}, numbering, noon);
  std::vector<std::string> ids;
  for (const Machine& machine : fleet.machines) ids.push_back(machine.id.text);
  EXPECT_THAT(ids, ElementsAre("a-2", "a-9", "a-10", "a-11"));
}

// For all findings: no machine is lost, none becomes ready that was not, and a second look finds nothing new.

RC_GTEST_PROP(Fleet, LosesNoMachineAndMakesNoneReady, ()) {
  const auto state = *rc::gen::elementOf(std::vector<MachineState>(all_states.begin(), all_states.end()));
  const auto instance = *rc::gen::elementOf(std::vector<std::optional<InstanceState>>{
      std::nullopt, InstanceState::incomplete, InstanceState::running, InstanceState::stopped, InstanceState::vanished,
      InstanceState::unproven, InstanceState::unreachable});
  const auto operation = *rc::gen::elementOf(std::vector<Operation>{
      Operation::create, Operation::start, Operation::stop, Operation::destroy, Operation::redeploy});
  std::vector<JobState> jobs;
  switch (*rc::gen::inRange(0, 5)) {
    case 1:
      jobs = {running_job(operation)};
      break;
    case 2:
      jobs = {killed_job(operation)};
      break;
    case 3:
      jobs = {ended_job(operation, failure("no"))};
      break;
    case 4:
      jobs = {ended_job(operation, std::nullopt)};
      break;
    default:
      break;
  }
  Machine before = remembered(state);
  before.listing.first_began_at = before.listing.ended_at = earlier;
  const auto inventories = *rc::gen::arbitrary<bool>() ? no_inventory()
                           : instance                  ? inventory_of({present(*instance)})
                                                       : inventory_of({});
  const Fleet fleet = reconcile({before}, inventories, jobs, numbering, noon);

  RC_ASSERT(fleet.machines.size() == 1U);
  const Machine& after = fleet.machines.front();
  RC_LOG() << to_string(before.state) << " became " << to_string(after.state) << "; jobs: " << jobs.size();
  for (const Discovery& discovery : fleet.discoveries) RC_LOG() << "; " << discovery.reason;
  RC_ASSERT(after.state != ready || before.state == ready);
  RC_ASSERT(after.state != gone || before.state == destroying);
  RC_ASSERT(after.listing.first_began_at == before.listing.first_began_at &&
            after.listing.ended_at == before.listing.ended_at);
  // The inventory may undo the result of a job, which makes two changes.
  RC_ASSERT(after.state == before.state || after.since == noon);
  RC_ASSERT((after.since == noon) == !fleet.discoveries.empty());
  if (after.state != gone)
    RC_ASSERT(reconcile({after}, inventories, {}, numbering, noon).machines.front().state == after.state);
}

}  // namespace
}  // namespace hydra_provisioner::observe
