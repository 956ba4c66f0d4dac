#include "observe/reports.hpp"

#include <optional>
#include <string>

#include <gtest/gtest.h>

#include "tests/support/usual.hpp"

namespace hydra_provisioner::observe {
namespace {

using support::noon;

constexpr Seconds silence{60};

// Machine t-1, as a sequence of documents shows it.
class Reports : public testing::Test {
 protected:
  Reports() {
    Machine machine;
    machine.id = MachineId{"t-1"};
    machine.state = MachineState::draining;
    fleet.machines.push_back(machine);
  }
  Machine& shown(Seconds at, std::optional<QueueMachine> entry) {
    QueueStatus status{.time = noon + at, .arrived = noon + at, .started = started, .step_types = {}, .machines = {}};
    status.machines.emplace();
    status.machines_join = joins;
    status.hides_machines = hides;
    status.hidden_may_be_busy = hidden_may_be_busy;
    status.from_program = from_program;
    if (entry) status.machines->emplace(name, *entry);
    fleet.machines.front().found = {};
    fleet.machines.front().found.vanished = vanished;
    note_reports(fleet, status, silence);
    return fleet.machines.front();
  }
  static QueueMachine entry(bool is_open, std::int64_t jobs, Seconds pinged) {
    QueueMachine machine;
    machine.enabled = is_open;
    machine.current_jobs = jobs;
    machine.reported_at = noon + pinged;
    return machine;
  }
  static bool is_proven(const Machine& machine) { return !machine.found.seen_out.empty(); }

  Fleet fleet{.machines = {}, .adopted = {}, .changed = {}, .discoveries = {}, .unclear = {}, .ended_early = {}};
  bool joins = true;
  bool vanished = false;
  bool hides = false;
  bool hidden_may_be_busy = false;
  std::optional<Instant> started = noon - Seconds{3600};
  bool from_program = false;
  std::string name = "t-1";  // of its entry
};

TEST_F(Reports, SayWhatRunsOnTheMachineWhileItExists) {
  EXPECT_EQ(shown(Seconds{1}, entry(true, 2, Seconds{0})).jobs, 2);
  EXPECT_EQ(shown(Seconds{5}, entry(true, 3, Seconds{0})).busy_since, noon + Seconds{1});
  EXPECT_EQ(shown(Seconds{9}, std::nullopt).jobs, 3) << "nothing is known";
  EXPECT_EQ(shown(Seconds{9}, entry(true, 0, Seconds{0})).busy_since, std::nullopt);
  EXPECT_EQ(shown(Seconds{13}, entry(true, 1, Seconds{0})).busy_since, noon + Seconds{13});
  vanished = true;
  EXPECT_EQ(shown(Seconds{17}, entry(true, 0, Seconds{0})).jobs, 1) << "the queue runner has noticed its end";
}

TEST_F(Reports, TwoThatShowItClosedAndWithoutStepsAreAProof) {
  EXPECT_FALSE(is_proven(shown(Seconds{1}, entry(false, 0, Seconds{0}))));
  EXPECT_TRUE(is_proven(shown(Seconds{4}, entry(false, 0, Seconds{3}))));
}

TEST_F(Reports, TheSameReportSeenTwiceIsNone) {
  shown(Seconds{1}, entry(false, 0, Seconds{0}));
  EXPECT_FALSE(is_proven(shown(Seconds{9}, entry(false, 0, Seconds{0}))));
}

TEST_F(Reports, AStepThatLandedInBetweenBeginsANewCount) {
  shown(Seconds{1}, entry(false, 0, Seconds{0}));
  EXPECT_FALSE(is_proven(shown(Seconds{4}, entry(false, 1, Seconds{3}))));
  EXPECT_FALSE(is_proven(shown(Seconds{7}, entry(false, 0, Seconds{6}))));
  EXPECT_TRUE(is_proven(shown(Seconds{10}, entry(false, 0, Seconds{9}))));
}

TEST_F(Reports, FromBeforeItWasUnlistedProveNothing) {
  Listing& listing = fleet.machines.front().listing;
  listing.first_began_at = noon - Seconds{60};
  listing.is_listed = true;
  shown(Seconds{1}, entry(false, 0, Seconds{0}));
  shown(Seconds{4}, entry(false, 0, Seconds{3}));
  listing.is_listed = false;
  listing.ended_at = noon + Seconds{5};
  EXPECT_FALSE(is_proven(shown(Seconds{6}, entry(false, 0, Seconds{3}))));
  EXPECT_FALSE(is_proven(shown(Seconds{7}, entry(false, 0, Seconds{6}))));
  EXPECT_TRUE(is_proven(shown(Seconds{10}, entry(false, 0, Seconds{9}))));
}

TEST_F(Reports, ThatOneIsMissingIsNoReport) {
  shown(Seconds{0}, std::nullopt);
  EXPECT_FALSE(is_proven(shown(Seconds{4}, entry(false, 0, Seconds{3}))));
  EXPECT_TRUE(is_proven(shown(Seconds{7}, entry(false, 0, Seconds{6}))));
}

TEST_F(Reports, ProveNothingWhileAHiddenMachineMayHaveSteps) {
  hides = hidden_may_be_busy = true;
  fleet.machines.front().listing.was_seen_open = true;
  shown(Seconds{1}, entry(false, 0, Seconds{0}));
  const Machine& machine = shown(Seconds{4}, entry(false, 0, Seconds{3}));
  EXPECT_FALSE(is_proven(machine));
  EXPECT_EQ(machine.found.doubt, "a machine that is hidden behind another of its name may have steps");
  hidden_may_be_busy = false;
  EXPECT_FALSE(is_proven(shown(Seconds{7}, entry(false, 0, Seconds{6}))));
  EXPECT_TRUE(is_proven(shown(Seconds{10}, entry(false, 0, Seconds{9}))));
}

TEST_F(Reports, ThatOneIsMissingProvesNothingWhileAHiddenMachineMayHaveSteps) {
  hides = hidden_may_be_busy = true;
  shown(Seconds{1}, std::nullopt);
  const Machine& machine = shown(Seconds{90}, std::nullopt);
  EXPECT_FALSE(is_proven(machine));
  EXPECT_EQ(machine.found.doubt, "a machine that is hidden behind another of its name may have steps");
  hidden_may_be_busy = false;
  EXPECT_FALSE(is_proven(shown(Seconds{91}, std::nullopt)));
  EXPECT_TRUE(is_proven(shown(Seconds{151}, std::nullopt))) << "though others go on hiding each other";
}

// Machine t-1, of whose name the queue runner may know another one.
class Doubles : public Reports {
 protected:
  Doubles() {
    Listing& listing = fleet.machines.front().listing;
    listing.first_began_at = listing.began_at = noon - Seconds{900};
    listing.ended_at = noon;
  }
  void lists() {
    fleet.machines.front().listing.is_listed = true;
    fleet.machines.front().listing.ended_at.reset();
  }
  void unlists(Seconds at) {
    fleet.machines.front().listing.is_listed = false;
    fleet.machines.front().listing.ended_at = noon + at;
  }
  static QueueMachine joined(Seconds at, Seconds pinged, bool is_open = false, std::int64_t jobs = 0) {
    QueueMachine machine = entry(is_open, jobs, pinged);
    machine.joined_at = noon + at;
    return machine;
  }
};

TEST_F(Doubles, AreFoundWhenAnOlderConnectionIsShownAgain) {
  EXPECT_FALSE(shown(Seconds{1}, joined(Seconds{-500}, Seconds{0})).found.has_double);
  hides = true;
  EXPECT_FALSE(shown(Seconds{4}, joined(Seconds{-501}, Seconds{3})).found.has_double) << "another one has";
  EXPECT_FALSE(shown(Seconds{7}, joined(Seconds{5}, Seconds{6})).found.has_double) << "it may have connected anew";
  EXPECT_TRUE(shown(Seconds{10}, joined(Seconds{-500}, Seconds{9})).found.has_double);
  EXPECT_TRUE(shown(Seconds{13}, joined(Seconds{-500}, Seconds{12})).found.has_double) << "and stay so";
  EXPECT_FALSE(shown(Seconds{16}, joined(Seconds{5}, Seconds{15})).found.has_double);
  hides = false;
  EXPECT_FALSE(shown(Seconds{19}, joined(Seconds{-500}, Seconds{18})).found.has_double) << "the other one has left";
}

TEST_F(Doubles, AreFoundAlsoAfterADocumentInWhichNoneSeemsHidden) {
  hides = true;
  shown(Seconds{1}, joined(Seconds{-500}, Seconds{0}));
  hides = false;
  shown(Seconds{4}, joined(Seconds{2}, Seconds{3}));
  hides = true;
  EXPECT_TRUE(shown(Seconds{7}, joined(Seconds{-500}, Seconds{6})).found.has_double);
}

// So does every machine when the queue runner restarts, while others have the same name all the time.
TEST_F(Doubles, AMachineThatConnectsAnewIsNone) {
  Machine& machine = fleet.machines.front();
  lists();
  hides = true;
  shown(Seconds{1}, joined(Seconds{-500}, Seconds{0}, true));
  started = noon + Seconds{2};
  EXPECT_FALSE(shown(Seconds{7}, joined(Seconds{5}, Seconds{6}, true, 1)).found.has_double);
  EXPECT_EQ(machine.joined_at, noon + Seconds{5});
  unlists(Seconds{8});
  EXPECT_FALSE(is_proven(shown(Seconds{11}, joined(Seconds{5}, Seconds{10}))));
  EXPECT_TRUE(is_proven(shown(Seconds{14}, joined(Seconds{5}, Seconds{13}))));
}

TEST_F(Doubles, AMachineThatIsToBeClosedMayConnectAnewToAQueueRunnerThatHasRestarted) {
  fleet.machines.front().listing.was_seen_open = true;
  hides = true;
  shown(Seconds{2}, joined(Seconds{-500}, Seconds{1}));
  started = noon + Seconds{5};
  EXPECT_TRUE(is_proven(shown(Seconds{13}, joined(Seconds{10}, Seconds{12}))));
}

// It has rebooted, say: the connection from before was open, and lasts until the queue runner notices its end.
TEST_F(Doubles, ProveNothingWhileStepsMayBeSentToTheFormerConnectionOfAMachineThatIsToBeClosed) {
  fleet.machines.front().listing.was_seen_open = true;
  shown(Seconds{2}, joined(Seconds{-500}, Seconds{1}));
  hides = true;
  shown(Seconds{13}, joined(Seconds{10}, Seconds{12}));
  const Machine& machine = shown(Seconds{16}, joined(Seconds{10}, Seconds{15}));
  EXPECT_FALSE(is_proven(machine));
  EXPECT_EQ(machine.found.doubt, "the queue runner may show another machine of its name");
  hides = false;
  EXPECT_FALSE(is_proven(shown(Seconds{19}, joined(Seconds{10}, Seconds{18}))));
  EXPECT_TRUE(is_proven(shown(Seconds{22}, joined(Seconds{10}, Seconds{21}))));
}

TEST_F(Doubles, ANewConnectionOfAMachineThatWasMissingIsNone) {
  shown(Seconds{1}, joined(Seconds{-500}, Seconds{0}));
  hides = true;
  shown(Seconds{4}, std::nullopt);
  EXPECT_FALSE(shown(Seconds{7}, joined(Seconds{5}, Seconds{6})).found.has_double);
}

TEST_F(Doubles, AreNotMadeByAClockThatWasSetBack) {
  shown(Seconds{101}, joined(Seconds{100}, Seconds{101}));
  hides = true;
  EXPECT_FALSE(shown(Seconds{21}, joined(Seconds{20}, Seconds{21})).found.has_double);
}

// From the first document on it may be the other one.
TEST_F(Doubles, ProveNothingIfTheOneThatIsShownWasNeverSeenOpen) {
  hides = true;
  shown(Seconds{7}, joined(Seconds{5}, Seconds{6}));
  const Machine& machine = shown(Seconds{10}, joined(Seconds{5}, Seconds{9}));
  EXPECT_FALSE(is_proven(machine));
  EXPECT_EQ(machine.found.doubt, "the queue runner may show another machine of its name");
}

TEST_F(Doubles, ProveNothingIfTheOneThatIsShownWasSeenOpenOnlyWhileItWasNotListed) {
  hides = true;
  shown(Seconds{1}, joined(Seconds{-500}, Seconds{0}, true));
  shown(Seconds{4}, joined(Seconds{-500}, Seconds{3}));
  EXPECT_FALSE(is_proven(shown(Seconds{7}, joined(Seconds{-500}, Seconds{6}))));
}

TEST_F(Doubles, ProveNothingIfOnlyTheFormerConnectionOfAListedMachineWasSeenOpen) {
  lists();
  hides = true;
  shown(Seconds{1}, joined(Seconds{-500}, Seconds{0}, true));
  shown(Seconds{7}, joined(Seconds{5}, Seconds{6}));
  unlists(Seconds{8});
  shown(Seconds{11}, joined(Seconds{5}, Seconds{10}));
  EXPECT_FALSE(is_proven(shown(Seconds{14}, joined(Seconds{5}, Seconds{13}))));
}

TEST_F(Doubles, ProveNothingWhileTheOlderOneIsShown) {
  fleet.machines.front().listing.was_seen_open = true;
  fleet.machines.front().joined_at = noon - Seconds{100};
  hides = true;
  shown(Seconds{7}, joined(Seconds{-500}, Seconds{6}));
  EXPECT_FALSE(is_proven(shown(Seconds{10}, joined(Seconds{-500}, Seconds{9}))));
  shown(Seconds{13}, joined(Seconds{-100}, Seconds{12}));
  EXPECT_TRUE(is_proven(shown(Seconds{16}, joined(Seconds{-100}, Seconds{15}))));
}

TEST_F(Doubles, AreWrittenDownOnlyWhenTheyChange) {
  shown(Seconds{1}, joined(Seconds{-500}, Seconds{0}, true, 1));
  fleet.changed.clear();
  shown(Seconds{4}, joined(Seconds{-501}, Seconds{3}, true, 1));
  EXPECT_EQ(fleet.changed.size(), 0);
}

TEST_F(Reports, AnOpenMachineIsNotProvenIdle) {
  shown(Seconds{1}, entry(true, 0, Seconds{0}));
  EXPECT_FALSE(is_proven(shown(Seconds{4}, entry(true, 0, Seconds{3}))));
}

TEST_F(Reports, AMachineThatIsMissingIsNotKnownForAWhile) {
  EXPECT_FALSE(is_proven(shown(Seconds{0}, std::nullopt)));
  EXPECT_FALSE(is_proven(shown(Seconds{59}, std::nullopt)));
  EXPECT_TRUE(is_proven(shown(Seconds{60}, std::nullopt)));
}

TEST_F(Reports, AfterItsStartTheQueueRunnerKnowsNoMachineForAWhile) {
  shown(Seconds{0}, std::nullopt);
  started = noon + Seconds{100};
  EXPECT_FALSE(is_proven(shown(Seconds{101}, std::nullopt)));
  EXPECT_FALSE(is_proven(shown(Seconds{159}, std::nullopt)));
  EXPECT_TRUE(is_proven(shown(Seconds{160}, std::nullopt)));
}

TEST_F(Reports, OneThatComesBackBusyIsBusy) {
  shown(Seconds{0}, std::nullopt);
  EXPECT_FALSE(is_proven(shown(Seconds{30}, entry(true, 2, Seconds{29}))));
  EXPECT_FALSE(is_proven(shown(Seconds{61}, std::nullopt)));
}

TEST_F(Reports, SayWhenItBecameIdle) {
  EXPECT_EQ(shown(Seconds{1}, entry(true, 1, Seconds{0})).seen_idle_at, std::nullopt);
  EXPECT_EQ(shown(Seconds{11}, entry(true, 0, Seconds{10})).seen_idle_at, noon + Seconds{10});
  EXPECT_EQ(shown(Seconds{21}, entry(true, 0, Seconds{20})).seen_idle_at, noon + Seconds{10});
  EXPECT_EQ(shown(Seconds{31}, entry(true, 1, Seconds{30})).seen_idle_at, std::nullopt);
}

TEST_F(Reports, SayWhenAListedMachineWasClosed) {
  Listing& listing = fleet.machines.front().listing;
  listing.is_listed = true;
  EXPECT_EQ(shown(Seconds{1}, entry(true, 0, Seconds{0})).listing.closed_since, std::nullopt);
  EXPECT_EQ(shown(Seconds{4}, entry(false, 1, Seconds{3})).listing.closed_since, noon + Seconds{3});
  EXPECT_EQ(shown(Seconds{7}, entry(false, 0, Seconds{6})).listing.closed_since, noon + Seconds{3});
  listing.is_listed = false;
  EXPECT_EQ(shown(Seconds{8}, entry(false, 0, Seconds{6})).listing.closed_since, noon + Seconds{3}) << "it stays known";
  EXPECT_EQ(shown(Seconds{10}, entry(true, 0, Seconds{9})).listing.closed_since, std::nullopt);
}

TEST_F(Reports, ThatAMachineIsClosedThatIsNotListedIsAsItShouldBe) {
  EXPECT_EQ(shown(Seconds{4}, entry(false, 0, Seconds{3})).listing.closed_since, std::nullopt);
}

TEST_F(Reports, AreKeptInTheJournalWhenTheySayMore) {
  shown(Seconds{1}, entry(true, 0, Seconds{0}));
  EXPECT_EQ(fleet.changed.size(), 1);
  fleet.changed.clear();
  shown(Seconds{2}, entry(true, 0, Seconds{1}));
  EXPECT_EQ(fleet.changed.size(), 0);
}

TEST_F(Reports, AClockThatWasSetBackBeginsANewCount) {
  shown(Seconds{101}, entry(false, 0, Seconds{100}));
  EXPECT_FALSE(is_proven(shown(Seconds{1}, entry(false, 0, Seconds{0}))));
  EXPECT_TRUE(is_proven(shown(Seconds{4}, entry(false, 0, Seconds{3}))));
}

TEST_F(Reports, AreNotLookedForWhereMachinesDoNotReport) {
  joins = false;
  const Machine before = fleet.machines.front();
  EXPECT_EQ(shown(Seconds{1}, entry(false, 0, Seconds{0})), before);
}

// What a program shows of t-1, as a sequence of documents; t-1 does not report by itself.
class Descriptions : public Reports {
 protected:
  Descriptions() {
    joins = false;
    from_program = true;
    fleet.machines.front().address = "10.0.0.1";
    name = "root@10.0.0.1";
  }
  static QueueMachine with_jobs(std::optional<std::int64_t> jobs, std::optional<Instant> idle_since = {}) {
    return {.enabled = true, .current_jobs = jobs, .idle_since = idle_since};
  }
};

TEST_F(Descriptions, ShowSinceWhenItIsIdle) {
  EXPECT_EQ(shown(Seconds{1}, with_jobs(1)).seen_idle_at, std::nullopt);
  EXPECT_EQ(shown(Seconds{2}, with_jobs(0)).seen_idle_at, noon + Seconds{2});
  EXPECT_EQ(shown(Seconds{9}, with_jobs(0)).seen_idle_at, noon + Seconds{2});
  EXPECT_EQ(fleet.changed.size(), 2) << "the journal keeps it, and before that the step";
  EXPECT_EQ(shown(Seconds{11}, with_jobs(2)).seen_idle_at, std::nullopt);
  EXPECT_FALSE(is_proven(shown(Seconds{12}, with_jobs(0)))) << "the machine itself has reported nothing";
}

TEST_F(Descriptions, ThatSayNothingShowNothing) {
  shown(Seconds{1}, with_jobs(0));
  EXPECT_EQ(shown(Seconds{2}, with_jobs(std::nullopt)).seen_idle_at, std::nullopt);
  shown(Seconds{3}, with_jobs(0));
  EXPECT_EQ(shown(Seconds{4}, std::nullopt).seen_idle_at, std::nullopt);
}

TEST_F(Descriptions, ThatSaySinceWhenItIsIdleAreNotAddedTo) {
  EXPECT_EQ(shown(Seconds{1}, with_jobs(0, noon - Seconds{60})).seen_idle_at, std::nullopt);
}

TEST_F(Descriptions, OfHydrasQueueRunnerAreNotAddedTo) {
  from_program = false;
  const Machine before = fleet.machines.front();
  EXPECT_EQ(shown(Seconds{1}, with_jobs(0)), before);
  EXPECT_EQ(shown(Seconds{2}, with_jobs(0, noon)), before);
  EXPECT_EQ(fleet.changed.size(), 0);
}

}  // namespace
}  // namespace hydra_provisioner::observe
