#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/decide/farm.hpp"

namespace hydra_provisioner::decide {
namespace {

using namespace std::chrono_literals;

// The machine is surplus, and destroyed as soon as it is proven idle.
Farm with(const MachineSeen& machine) { return farm("x86_64-linux").has(machine); }

std::string destroyed(const Farm& f) { return reason_of<ActionKind::destroy>(f.decided(), 1); }
std::string waits(const Farm& f) { return reason_of<ActionKind::keep>(f.decided(), 1); }

TEST(Proof, TheMachineIsOutOfTheSuccessfullyPublishedFile) {
  EXPECT_EQ(waits(with(draining(1).still_listed())), "surplus; waits: still in the published machines file");
}

TEST(Proof, TheDocumentIsSettleYoungerThanTheFile) {
  EXPECT_EQ(waits(with(draining(1).unlisted_for(34s))), "surplus; waits: unlisted 34 s < settle 35 s");
  EXPECT_EQ(destroyed(with(draining(1).unlisted_for(35s))),
            "surplus; idle 3600 s ≥ quiet 120 s, unlisted 35 s ≥ settle 35 s");
}

TEST(Proof, TimesAreComparedInTheQueueRunnersClock) {
  EXPECT_EQ(waits(with(draining(1).unlisted_for(60s)).clock_ahead(-30s)),
            "surplus; waits: unlisted 30 s < settle 35 s");
  const MachineSeen unlisted_ahead_of_our_clock = draining(1).unlisted_for(-20s);
  EXPECT_EQ(waits(with(unlisted_ahead_of_our_clock).clock_ahead(54s)), "surplus; waits: unlisted 34 s < settle 35 s");
  EXPECT_EQ(destroyed(with(unlisted_ahead_of_our_clock).clock_ahead(55s)),
            "surplus; idle 3655 s ≥ quiet 120 s, unlisted 35 s ≥ settle 35 s");
}

TEST(Proof, TheMachineIsPresentDisabledWithoutJobsAndIdleForQuiet) {
  EXPECT_EQ(waits(with(draining(1).idle_for(119s))), "surplus; waits: idle 119 s < quiet 120 s");
  EXPECT_EQ(destroyed(with(draining(1).idle_for(120s))),
            "surplus; idle 120 s ≥ quiet 120 s, unlisted 600 s ≥ settle 35 s");
}

TEST(Proof, OrIdleSinceIs0) {
  EXPECT_EQ(destroyed(with(draining(1).never_used())),
            "surplus; no job since the queue runner started, unlisted 600 s ≥ settle 35 s");
}

TEST(Proof, AMissingIdleSinceProvesNothing) {
  EXPECT_EQ(waits(with(draining(1).says({.enabled = false, .current_jobs = 0, .idle_since = {}}))),
            "surplus; waits: the queue runner does not say since when it is idle");
}

TEST(Proof, AnIdleSinceAheadOfTheDocumentProvesNothing) {
  EXPECT_EQ(waits(with(draining(1).idle_for(-10s))), "surplus; waits: idle -10 s < quiet 120 s");
}

TEST(Proof, AfterTheClockWasSetBackTheMachineIsIdleSinceItWasUnlisted) {
  EXPECT_EQ(waits(with(draining(1).idle_for(-1h).unlisted_for(119s))), "surplus; waits: idle 119 s < quiet 120 s");
  EXPECT_EQ(destroyed(with(draining(1).idle_for(-1h).unlisted_for(120s))),
            "surplus; idle 120 s ≥ quiet 120 s, unlisted 120 s ≥ settle 35 s");
}

TEST(Proof, ABusyMachineIsNotIdleWhateverElseIsSaid) {
  EXPECT_EQ(waits(with(draining(1).busy(1))), "surplus; waits: still busy: 1 job");
  EXPECT_EQ(waits(with(draining(1).says({.enabled = false, .current_jobs = 2, .idle_since = noon - 1h}))),
            "surplus; waits: still busy: 2 jobs");
}

TEST(Proof, HydrasDatabaseProvesItWithoutQuiet) {
  EXPECT_EQ(destroyed(with(draining(1).idle_for(1s).unlisted_for(35s).steps_under_way(0))),
            "surplus; no job, and no step under way by Hydra's database, unlisted 35 s ≥ settle 35 s");
  EXPECT_EQ(waits(with(draining(1).idle_for(1s).unlisted_for(34s).steps_under_way(0))),
            "surplus; waits: unlisted 34 s < settle 35 s");
}

TEST(Proof, AStepUnderWayByHydrasDatabaseKeepsTheMachineHoweverLongTheQueueRunnerCallsItIdle) {
  EXPECT_EQ(waits(with(draining(1).idle_for(1h).steps_under_way(1))),
            "surplus; waits: by Hydra's database 1 step is still under way");
  EXPECT_EQ(waits(with(draining(1).never_used().steps_under_way(2))),
            "surplus; waits: by Hydra's database 2 steps are still under way");
  EXPECT_EQ(waits(with(draining(1).absent().steps_under_way(1))),
            "surplus; waits: by Hydra's database 1 step is still under way");
}

TEST(Proof, HydrasDatabaseAloneProvesNothing) {
  EXPECT_EQ(waits(with(draining(1).busy(1).steps_under_way(0))), "surplus; waits: still busy: 1 job");
  EXPECT_EQ(waits(with(draining(1).busy(2).steps_under_way(2))), "surplus; waits: still busy: 2 jobs");
  QueueMachine listed{.enabled = true, .current_jobs = 0, .idle_since = noon - 1h};
  EXPECT_EQ(waits(with(draining(1).says(listed).steps_under_way(0))),
            "surplus; waits: the queue runner has not read the machines file without it yet");
}

TEST(Proof, AReadyMachineWithAStepUnderWayByHydrasDatabaseIsBusy) {
  const auto seen = [](std::int64_t steps) {
    return farm("x86_64-linux").has(ready(1).idle_for(1h).steps_under_way(steps)).decided();
  };
  EXPECT_EQ(reason_of<ActionKind::drain>(seen(0), 1), "surplus, idle 3600 s ≥ grace 0 s");
  EXPECT_THAT(reason_of<ActionKind::drain>(seen(1), 1), testing::HasSubstr("busy: 1 job"));
}

TEST(Proof, WhatTheQueueCouldNotTellIsNoted) {
  EXPECT_THAT(with(draining(1)).unasked("no rights").decided().notes, testing::ElementsAre("no rights"));
}

TEST(Proof, AnUnknownNumberOfJobsProvesNothing) {
  EXPECT_EQ(waits(with(draining(1).says({.enabled = false, .current_jobs = {}, .idle_since = noon - 1h}))),
            "surplus; waits: the queue runner does not say how many jobs it has");
}

TEST(Proof, AMachineThatIsEnabledProvesThatTheQueueRunnerHasNotReadTheFile) {
  EXPECT_EQ(waits(with(draining(1).says({.enabled = true, .current_jobs = 0, .idle_since = noon - 1h}))),
            "surplus; waits: the queue runner has not read the machines file without it yet");
}

TEST(Proof, AMissingEnabledProvesNothing) {
  EXPECT_EQ(waits(with(draining(1).says({.enabled = {}, .current_jobs = 0, .idle_since = noon - 1h}))),
            "surplus; waits: the queue runner does not say whether it still uses it");
}

TEST(Proof, AnAbsentMachineIsIdleIfTheQueueRunnerStartedAfterItWasUnlisted) {
  EXPECT_EQ(destroyed(with(draining(1).absent()).started(noon - 599s)),
            "surplus; the queue runner started 1 s after it was unlisted, unlisted 600 s ≥ settle 35 s");
  EXPECT_EQ(waits(with(draining(1).absent()).started(noon - 600s)),
            "surplus; waits: the queue runner does not list it, though it should have seen it");
}

// Since when it is out of the file is told by the queue runner's clock.
TEST(Proof, HowLongAMachineWasListedIsToldByOurClock) {
  const auto listed_for = [](Seconds span) { return draining(1).absent().first_listed_for(700s).was_listed_for(span); };
  EXPECT_THAT(destroyed(with(listed_for(29s))), testing::StartsWith("surplus; the queue runner never saw it"));
  EXPECT_EQ(waits(with(listed_for(30s))),
            "surplus; waits: the queue runner does not list it, though it should have seen it");
}

TEST(Proof, AnAbsentMachineIsIdleIfItWasFirstListedLessThan30SecondsBeforeItWasUnlisted) {
  EXPECT_EQ(destroyed(with(draining(1).absent().first_listed_for(629s))),
            "surplus; the queue runner never saw it: unlisted 29 s after it was first listed < 30 s, unlisted 600 s ≥ "
            "settle 35 s");
  EXPECT_EQ(waits(with(draining(1).absent().first_listed_for(630s))),
            "surplus; waits: the queue runner does not list it, though it should have seen it");
}

TEST(Proof, AnAbsentMachineIsNotIdleWhileTheQueueRunnersStartIsUnknown) {
  EXPECT_EQ(waits(with(draining(1).absent()).started_unknown()),
            "surplus; waits: the queue runner does not list it, though it should have seen it");
}

TEST(Proof, AnAbsentMachineWaitsForSettleToo) {
  EXPECT_EQ(waits(with(draining(1).absent().unlisted_for(34s)).started(noon - 10s)),
            "surplus; waits: unlisted 34 s < settle 35 s");
}

TEST(Proof, WithoutMachinesInTheStatusNothingRunsWhenTheRunningStepsAddUpTo0) {
  EXPECT_EQ(destroyed(with(draining(1)).running("x86_64-linux", 0).no_machines_in_status()),
            "surplus; the queue runner lists no machines and runs no steps, unlisted 600 s ≥ settle 35 s");
}

TEST(Proof, WithoutMachinesInTheStatusARunningStepOfAnyTypeMayBeOnTheMachine) {
  EXPECT_EQ(waits(with(draining(1)).running("x86_64-linux", 0).running("riscv64-linux", 2).no_machines_in_status()),
            "surplus; waits: the queue runner lists no machines, and 2 steps are running");
}

TEST(Proof, NoneIsNeededForAMachineThatWasNeverListed) {
  EXPECT_EQ(destroyed(with(draining(1).never_listed())), "surplus; never listed");
}

TEST(Proof, NoneIsNeededForAMachineThatItsProviderSaysNoLongerExists) {
  EXPECT_EQ(destroyed(with(ready(1).busy(3).vanished())), "vanished; its provider says that it no longer exists");
}

TEST(Proof, EveryReasonToDestroyNeedsIt) {
  EXPECT_EQ(waits(with(failed(1).busy(1).failed_with("unreachable"))), "failed: unreachable; waits: still busy: 1 job");
  EXPECT_EQ(waits(with(destroying(1).busy(1))), "its destruction was interrupted; waits: still busy: 1 job");
  EXPECT_EQ(waits(with(stopping(1).busy(1))), "its stop was interrupted; waits: still busy: 1 job");
  EXPECT_EQ(waits(farm("x86_64-linux", {.max_machines = 0}).has(stopped(1).busy(1))),
            "stopped; exceeds max 0; waits: still busy: 1 job");
  EXPECT_EQ(waits(farm("x86_64-linux", {.max_machines = 0}).has(draining(1).busy(1))),
            "exceeds max 0; waits: still busy: 1 job");
  EXPECT_EQ(waits(farm().retired_pool("x86_64-linux").has(draining(1).busy(1))),
            "its pool is not configured any more; waits: still busy: 1 job");
  EXPECT_EQ(waits(farm("x86_64-linux", {.stop_on_idle = true}).has(draining(1).busy(1))),
            "surplus; waits: still busy: 1 job");
}

TEST(Proof, AMachineThatIsStartedAgainNeedsItThoughItIsNotReady) {
  const Plan p = with(coming(1)
                          .first_listed_for(5h)
                          .unlisted_for(4h)
                          .says({.enabled = false, .current_jobs = 1, .idle_since = {}})
                          .requested_for(1h))
                     .decided();
  EXPECT_EQ(reason_of<ActionKind::keep>(p, 1),
            "not ready 3600 s after its request ≥ bootTimeout 1800 s; waits: still busy: 1 job");
}

TEST(Proof, SettleAndQuietAreConfigured) {
  EXPECT_EQ(waits(with(draining(1)).settle(700s)), "surplus; waits: unlisted 600 s < settle 700 s");
  EXPECT_EQ(waits(with(draining(1)).quiet(2h)), "surplus; waits: idle 3600 s < quiet 7200 s");
}

// Machines that connect to the queue runner by themselves, and report to it.

QueueMachine reporting(bool is_open, std::int64_t jobs) {
  QueueMachine entry;
  entry.enabled = is_open;
  entry.current_jobs = jobs;
  entry.reported_at = noon;
  return entry;
}

std::string joined_waits(MachineSeen machine) { return waits(with(machine).machines_join()); }

TEST(ProofByReports, IsWhatTheReportsOfTheMachineShow) {
  EXPECT_EQ(destroyed(with(draining(1).says(reporting(false, 0)).shown_out("two reports")).machines_join()),
            "surplus; two reports");
}

TEST(ProofByReports, NeedsNeitherSettleNorQuiet) {
  EXPECT_EQ(destroyed(with(draining(1).unlisted_for(1s).idle_for(1s).shown_out("two reports")).machines_join()),
            "surplus; two reports");
}

TEST(ProofByReports, SaysWhatIsMissing) {
  EXPECT_EQ(joined_waits(draining(1).says(reporting(false, 0))),
            "surplus; waits: its next report has to show it without steps, too");
  EXPECT_EQ(joined_waits(draining(1).says(reporting(true, 0))),
            "surplus; waits: the queue runner may still give it steps");
  EXPECT_EQ(joined_waits(draining(1).says(reporting(false, 2))), "surplus; waits: still busy: 2 jobs");
  QueueMachine silent = reporting(false, 0);
  silent.enabled.reset();
  silent.trouble = "no ping for 64 s";
  EXPECT_EQ(joined_waits(draining(1).says(silent)), "no ping for 64 s; waits: no ping for 64 s");
  EXPECT_EQ(joined_waits(draining(1).absent()),
            "surplus; waits: the queue runner does not know it, which proves nothing yet");
  EXPECT_EQ(joined_waits(draining(1).still_listed().says(reporting(false, 0)).shown_out("two reports")),
            "surplus; waits: still listed");
}

MachineSeen once_out(Seconds ago) { return draining(1).says(reporting(false, 0)).first_out(ago); }

TEST(ProofByReports, MayBeCompleteWithTheNextPing) {
  const auto next_look = [](Seconds ago) { return with(once_out(ago)).machines_join().decided().reconsider_at; };
  EXPECT_EQ(next_look(0s), noon + 4s) << "if it pings every 3 s";
  EXPECT_EQ(next_look(3s), noon + 1s);
  EXPECT_EQ(next_look(4s), noon + 7s) << "else it pings every 10 s";
  EXPECT_EQ(next_look(10s), noon + 1s);
  EXPECT_EQ(next_look(11s), std::nullopt) << "its ping is late, and may never come";
}

TEST(ProofByReports, IsLookedForAtOnceIfItWasDueWhileThePassWasSlow) {
  EXPECT_EQ(with(once_out(6s)).machines_join().answered_ago(5s).decided().reconsider_at, noon + 1s);
}

TEST(ProofByReports, IsLookedForAlsoIfTheMachineIsOfNoUse) {
  QueueMachine full = reporting(false, 0);
  full.trouble = "its store is full";
  const Plan p = with(draining(1).says(full).first_out(0s)).machines_join().decided();
  EXPECT_EQ(reason_of<ActionKind::keep>(p, 1), "its store is full; waits: its store is full");
  EXPECT_EQ(p.reconsider_at, noon + 4s);
}

TEST(ProofByReports, IsLookedForByOurClock) {
  EXPECT_EQ(with(once_out(-20s)).machines_join().clock_ahead(20s).decided().reconsider_at, noon + 4s);
}

TEST(ProofByReports, IsNotHurriedWhileOtherThingsAreMissing) {
  EXPECT_EQ(with(draining(1).says(reporting(false, 0))).machines_join().decided().reconsider_at, std::nullopt);
  EXPECT_EQ(with(draining(1).says(reporting(true, 0))).machines_join().decided().reconsider_at, std::nullopt);
  EXPECT_EQ(with(draining(1).says(reporting(false, 1))).machines_join().decided().reconsider_at, std::nullopt);
}

TEST(ProofByReports, OfAMissingMachineIsCompleteAfterSilence) {
  const auto next_look = [](Seconds missing, Instant started) {
    return with(draining(1).absent().missing_for(missing)).machines_join().started(started).decided().reconsider_at;
  };
  EXPECT_EQ(next_look(20s, noon - 24h), noon + 40s);
  EXPECT_EQ(next_look(20s, noon - 5s), noon + 55s);
}

TEST(ProofByReports, AMachineThatConnectedBeforeItWasListedMayHaveSteps) {
  EXPECT_EQ(waits(with(failed(1).never_listed().says(reporting(true, 1))).machines_join()),
            "failed: ; waits: still busy: 1 job");
  EXPECT_EQ(destroyed(with(failed(1).never_listed().absent().exists()).machines_join()), "failed: ; never listed");
}

TEST(ProofByReports, AMachineThatWasNeverListedMayHaveConnectedAndBeHidden) {
  const auto unlisted = [](const MachineSeen& machine) { return with(machine).machines_join().hides_machines(); };
  EXPECT_EQ(waits(unlisted(failed(1).never_listed().exists())),
            "failed: ; waits: the queue runner does not know it, which proves nothing yet");
  EXPECT_EQ(destroyed(unlisted(failed(1).never_listed().exists().shown_out("not known for 60 s"))),
            "failed: ; not known for 60 s");
  EXPECT_EQ(destroyed(unlisted(failed(1).never_listed())), "failed: ; never listed") << "it does not exist";
}

QueueMachine hole(bool is_open) {
  QueueMachine entry = reporting(is_open, 0);
  entry.trouble = "it has failed all 8 steps that it got";
  return entry;
}

template <class... Machines>
std::string actions_with(Machines... machines) {
  return actions_of(farm("x86_64-linux").has(machines...).runnable("x86_64-linux", 2).machines_join().decided());
}

TEST(ProofByReports, AMachineThatFailsAllStepsLeavesBeforeItsReplacementIsThere) {
  EXPECT_EQ(actions_with(ready(1).says(hole(true)), ready(2)), "create 100, drain 1, keep 2");
  EXPECT_EQ(actions_with(draining(1).says(hole(false)), ready(2), coming(3)), "keep 1, keep 2, keep 3");
}

TEST(ProofByReports, OnlyAsManyOfThemLeaveAsMayBeReplacedAtATime) {
  EXPECT_EQ(actions_with(ready(1).says(hole(true)), ready(2).says(hole(true))),
            "create 100, create 101, drain 1, keep 2");
  EXPECT_EQ(actions_with(draining(1).says(hole(false)), ready(2).says(hole(true)), coming(3)),
            "create 100, keep 1, keep 2, keep 3");
}

TEST(ProofByReports, OneThatGetsNoStepsWaitsForItsReplacement) {
  EXPECT_EQ(actions_with(ready(1).says(hole(false)), ready(2)), "create 100, keep 1, keep 2");
}

TEST(ProofByReports, OneThatStaysOpenIsTold) {
  const auto notes = [](bool is_open, std::chrono::seconds unlisted_for, MachineSeen machine = draining(1)) {
    return with(machine.unlisted_for(unlisted_for).says(reporting(is_open, 0)))
        .machines_join()
        .decided()
        .pools.at(0)
        .notes;
  };
  EXPECT_TRUE(notes(false, 60s).empty());
  EXPECT_TRUE(notes(true, 59s).empty());
  ASSERT_EQ(notes(true, 60s).size(), 1U);
  EXPECT_TRUE(notes(true, 60s).front().starts_with("hydra-provisioned-1 may still get steps, 60 s after"));
  EXPECT_EQ(notes(true, 60s, coming(1).first_listed_for(4h)).size(), 1U) << "it was in use before";
}

TEST(ProofByReports, OneThatIsDoubtedForLongIsTold) {
  const auto notes = [](std::chrono::seconds unlisted_for, std::int64_t jobs) {
    const MachineSeen machine = draining(1).unlisted_for(unlisted_for).says(reporting(false, jobs));
    return with(MachineSeen(machine).doubted("it may be another one")).machines_join().decided().pools.at(0).notes;
  };
  EXPECT_TRUE(notes(59s, 0).empty());
  EXPECT_TRUE(notes(60s, 1).empty());
  ASSERT_EQ(notes(60s, 0).size(), 1U);
  EXPECT_EQ(
      notes(60s, 0).front(),
      "hydra-provisioned-1 is not proven idle after 60 s, so it is kept: it may be another one; give each machine "
      "a host name of its own, or, if hydra-provisioned-1 has no steps: hydra-provisioner destroy --force "
      "hydra-provisioned-1");
}

TEST(ProofByReports, SaysWhyReportsProveNothing) {
  EXPECT_EQ(joined_waits(draining(1).says(reporting(false, 0)).first_out(1s).doubted("it may be another one")),
            "surplus; waits: it may be another one");
  EXPECT_EQ(joined_waits(draining(1).absent().missing_for(1s).doubted("some hide each other")),
            "surplus; waits: some hide each other");
  EXPECT_EQ(joined_waits(draining(1).says(reporting(false, 2)).doubted("it may be another one")),
            "surplus; waits: still busy: 2 jobs");
}

TEST(ProofByReports, AMachineWithADoubleGetsNoMoreStepsAndIsReplaced) {
  const MachineSeen with_double = ready(1).says(reporting(true, 1)).has_double();
  EXPECT_EQ(actions_with(with_double, ready(2)), "create 100, drain 1, keep 2");
  const Plan p = with(with_double).machines_join().decided();
  EXPECT_EQ(reason_of<ActionKind::drain>(p, 1), "the queue runner knows two machines of this name");
  EXPECT_EQ(actions_with(draining(1).says(reporting(false, 0)).has_double(), ready(2)), "create 100, keep 1, keep 2")
      << "it does not go back";
}

TEST(ProofByReports, OneWithADoubleThatIsClosedWaitsForItsReplacement) {
  EXPECT_EQ(actions_with(ready(1).says(reporting(false, 0)).has_double(), ready(2)), "create 100, keep 1, keep 2");
}

// Of a queue that a program describes.
Farm described(const MachineSeen& machine) { return with(machine).from_program(); }

const QueueMachine without_idle_since{.enabled = false, .current_jobs = 0, .idle_since = {}};

TEST(ProofOfAProgram, IsWhatWeHaveSeenIfItDoesNotSaySinceWhenAMachineIsIdle) {
  EXPECT_EQ(waits(described(draining(1).says(without_idle_since))),
            "surplus; waits: the queue runner does not say since when it is idle");
  EXPECT_EQ(waits(described(draining(1).says(without_idle_since).seen_idle_for(119s))),
            "surplus; waits: idle 119 s < quiet 120 s");
  EXPECT_EQ(destroyed(described(draining(1).says(without_idle_since).seen_idle_for(120s))),
            "surplus; idle 120 s ≥ quiet 120 s, unlisted 600 s ≥ settle 35 s");
}

TEST(ProofOfAProgram, IsWhatItSaysIfItSaysSinceWhen) {
  EXPECT_EQ(waits(described(draining(1).idle_for(60s).seen_idle_for(1h))), "surplus; waits: idle 60 s < quiet 120 s");
}

TEST(ProofOfAProgram, IsNoneWhileItMayGetJobsOrHasSome) {
  QueueMachine entry = without_idle_since;
  entry.enabled = true;
  EXPECT_EQ(waits(described(draining(1).says(entry).seen_idle_for(1h))),
            "surplus; waits: the queue runner has not read the machines file without it yet");
  entry = without_idle_since;
  entry.current_jobs.reset();
  EXPECT_EQ(waits(described(draining(1).says(entry).seen_idle_for(1h))),
            "surplus; waits: the queue runner does not say how many jobs it has");
}

TEST(ProofOfAProgram, IsNoneForAMachineThatItDoesNotName) {
  const auto short_listed = draining(1).absent().first_listed_for(629s);
  EXPECT_EQ(waits(described(short_listed)), "surplus; waits: the queue does not name it, which proves nothing");
  EXPECT_EQ(destroyed(described(short_listed).started(noon - 599s)),
            "surplus; the queue runner started 1 s after it was unlisted, unlisted 600 s ≥ settle 35 s");
}

TEST(ProofOfAProgram, IsNoneIfItNamesNoMachines) {
  EXPECT_EQ(waits(described(draining(1)).running("x86_64-linux", 0).no_machines_in_status()),
            "surplus; waits: the queue does not say what its machines do");
}

}  // namespace
}  // namespace hydra_provisioner::decide
