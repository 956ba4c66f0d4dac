#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "app/cli/terminal.hpp"
#include "pass/record.hpp"
#include "tests/fakes/chronicle.hpp"
#include "tests/fakes/fake_clock.hpp"
#include "tests/fakes/fake_journal.hpp"
#include "tests/support/usual.hpp"

namespace hydra_provisioner::app {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

using support::noon;

Machine machine(const std::string& id, MachineState state) {
  Machine machine;
  machine.id = MachineId{id};
  machine.state = state;
  return machine;
}

// What was shown and what the journal has, after the report.
class Report : public testing::Test {
 protected:
  std::string note(const observe::Fleet& fleet) {
    act::Ledger ledger(journal, clock, fleet.machines);
    testing::internal::CaptureStderr();
    {
      TerminalVoice voice(Verbosity::normal);
      ledger.note(fleet, voice);
    }
    EXPECT_TRUE(clock.run(ledger.commit()));
    return testing::internal::GetCapturedStderr();
  }

  fakes::Chronicle chronicle;
  fakes::FakeClock clock;
  fakes::FakeJournal journal{clock, chronicle};
};

TEST_F(Report, ShowsAndRecordsWhatWasFound) {
  observe::Fleet fleet;
  fleet.machines = {machine("a-1", MachineState::gone), machine("a-2", MachineState::ready)};
  fleet.discoveries = {{MachineId{"a-1"}, MachineEvent::destroyed, "its provider does not have it any more"}};
  fleet.changed = {MachineId{"a-1"}};
  EXPECT_EQ(note(fleet), "a-1: gone: its provider does not have it any more\n");
  EXPECT_THAT(chronicle.entries, ElementsAre("commit a-1 gone"));
  ASSERT_EQ(journal.events.size(), 1);
  EXPECT_EQ(journal.events[0].kind, "gone");
}

TEST_F(Report, RecordsChangesThatItDoesNotShow) {
  observe::Fleet fleet;
  fleet.machines = {machine("a-1", MachineState::ready), machine("a-2", MachineState::ready)};
  fleet.changed = {MachineId{"a-2"}};
  EXPECT_EQ(note(fleet), "");
  EXPECT_THAT(chronicle.entries, ElementsAre("commit a-2 ready"));
}

TEST_F(Report, ShowsAndRecordsWhichMachinesWereTakenOver) {
  observe::Fleet fleet;
  fleet.machines = {machine("a-1", MachineState::creating)};
  fleet.adopted = fleet.changed = {MachineId{"a-1"}};
  EXPECT_EQ(note(fleet), "warning: a-1: found at its provider, but not in the journal; taken over\n");
  EXPECT_TRUE(journal.has(MachineId{"a-1"}));
}

TEST_F(Report, RecordsAPassWithAnyBytesInAnError) {
  pass::Look look;
  look.seen.machines = {machine("a-1", MachineState::failed)};
  look.seen.machines[0].last_error = "create: exited with 1: \"\xff\"";
  Plan plan;
  plan.untrusted = "\xfe";
  const state::PassRecord record =
      pass::pass_record(look, Config{}, plan, {}, noon - Seconds{60}, noon, noon + Seconds{3});
  EXPECT_EQ(record.start, noon);
  EXPECT_EQ(record.duration, Seconds{3});
  EXPECT_THAT(record.facts.at("machine/a-1"), HasSubstr("\uFFFD"));
  EXPECT_THAT(record.trouble, HasSubstr("status not trusted"));
  ASSERT_EQ(record.usage.size(), 1);
  EXPECT_EQ(record.usage[0].drain, Seconds{60});
}

TEST_F(Report, CountsNoHoursAfterALongGap) {
  pass::Look look;
  look.seen.machines = {machine("a-1", MachineState::ready)};
  const state::PassRecord record = pass::pass_record(look, Config{}, Plan{}, {}, noon - Seconds{3601}, noon, noon);
  EXPECT_TRUE(record.usage.empty());
  EXPECT_EQ(record.unknown, Seconds{3601});
  EXPECT_EQ(pass::pass_record(look, Config{}, Plan{}, {}, Instant{}, noon, noon).unknown, Seconds{0})
      << "the first pass";
}

TEST_F(Report, RecordsThePoolsAsTheyWereWritten) {
  Config config;
  PoolConfig pool;
  pool.name = PoolName{"x86_64-linux"};
  pool.provider = NixopsSettings{};
  pool.settings_json = R"({"nixopsExpr":"/x.nix"})";
  config.pools.emplace(pool.name, pool);
  const auto pools = pass::changed_pools(config, {});
  ASSERT_EQ(pools.size(), 1);
  EXPECT_EQ(pools[0].name, pool.name);
  EXPECT_EQ(pools[0].provider, ProviderKind::nixops);
  EXPECT_EQ(pools[0].settings_json, pool.settings_json);
}

}  // namespace
}  // namespace hydra_provisioner::app
