#include "observe/reports.hpp"

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
    QueueStatus status{.time = noon + at, .arrived = noon + at, .started = {}, .step_types = {}, .machines = {}};
    status.machines.emplace();
    status.machines_join = joins;
    if (entry) status.machines->emplace("t-1", *entry);
    fleet.machines.front().found = {};
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
};

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

TEST_F(Reports, AnOpenMachineIsNotProvenIdle) {
  shown(Seconds{1}, entry(true, 0, Seconds{0}));
  EXPECT_FALSE(is_proven(shown(Seconds{4}, entry(true, 0, Seconds{3}))));
}

TEST_F(Reports, AMachineThatIsMissingIsNotKnownForAWhile) {
  EXPECT_FALSE(is_proven(shown(Seconds{0}, std::nullopt)));
  EXPECT_FALSE(is_proven(shown(Seconds{59}, std::nullopt)));
  EXPECT_TRUE(is_proven(shown(Seconds{60}, std::nullopt)));
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

}  // namespace
}  // namespace hydra_provisioner::observe
