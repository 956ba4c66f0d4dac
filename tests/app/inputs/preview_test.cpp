#include "app/inputs/preview.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/support/temporary_folder.hpp"
#include "tests/support/usual.hpp"

namespace hydra_provisioner::app {
namespace {

using namespace std::chrono_literals;
using testing::Contains;
using testing::HasSubstr;

using support::noon;
using support::plain;

// A pass of a pool with steps that wait for two machines.
class AfterAPass : public testing::Test {
 protected:
  AfterAPass() {
    PoolConfig& pool = config.pools[plain];
    pool.name = plain;
    pool.type.systems = {"x86_64-linux"};
    pool.max_machines = 2;
    pool.runnables_per_machine = 1;
    QueueStatus status;
    status.time = status.arrived = noon;
    status.step_types = {{.key = plain.text, .type = parse_step_type(plain.text), .runnable = 5}};
    status.machines.emplace();
    report.look.seen.now = report.began = noon;
    report.look.seen.queue = status;
    report.look.seen.next_number = 7;
    report.ended = noon + 10s;
  }

  void left(const std::string& id, MachineState state) {
    Machine machine;
    machine.id = MachineId{id};
    machine.pool = plain;
    machine.state = state;
    machine.since = machine.requested_at = noon;
    report.machines.emplace(machine.id, machine);
  }
  Preview seen() const { return preview_after(report, config, folder_.path); }

  pass::Report report;
  Config config;

 private:
  support::TemporaryFolder folder_;
};

TEST_F(AfterAPass, TheMachinesAreAsItLeftThem) {
  left("t-10", MachineState::creating);
  left("t-9", MachineState::requested);
  left("t-8", MachineState::gone);
  const Preview preview = seen();
  ASSERT_EQ(preview.look.seen.machines.size(), 2u);
  EXPECT_EQ(preview.look.seen.machines[0].id, MachineId{"t-9"});
  EXPECT_EQ(preview.look.seen.now, noon + 10s);
  EXPECT_EQ(preview.plan.pools.at(0).machines, 2) << "so no other is created";
}

TEST_F(AfterAPass, ANewMachineGetsANumberOfItsOwn) {
  left("t-7", MachineState::failed);
  EXPECT_EQ(seen().look.seen.next_number, 8);
}

TEST_F(AfterAPass, AFailedCreationHoldsOthersBack) {
  EXPECT_FALSE(seen().plan.pools.at(0).held);
  report.creations[plain] = {.failed_passes = 3, .last_failed_pass = noon + 5s, .failures = {}, .last_error = "no"};
  EXPECT_EQ(seen().plan.pools.at(0).held, ReasonCode::back_off);
  EXPECT_THAT(seen().plan.pools.at(0).notes, Contains(HasSubstr("no creations for another")));
}

TEST_F(AfterAPass, AMachinesFileThatCouldNotBePublishedIsKnown) {
  report.trouble = Unpublished{noon, "the disk is full"};
  const Preview preview = seen();
  EXPECT_EQ(preview.plan.pools.at(0).held, ReasonCode::unpublished);
  EXPECT_EQ(preview.last_pass.unpublished->why, "the disk is full");
  EXPECT_EQ(health_of(preview).grade, Grade::broken);
}

}  // namespace
}  // namespace hydra_provisioner::app
