#include "pass/look.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/fakes/chronicle.hpp"
#include "tests/fakes/fake_clock.hpp"
#include "tests/fakes/fake_jobs.hpp"
#include "tests/fakes/fake_provider.hpp"
#include "tests/fakes/fake_publisher.hpp"
#include "tests/fakes/fake_queue.hpp"
#include "tests/support/usual.hpp"

namespace hydra_provisioner::pass {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

using support::noon;
const PoolName name{"x86_64-linux"};

Machine machine(std::int64_t number, MachineState state = MachineState::ready) {
  Machine machine;
  machine.id = MachineId{fmt::format("a-{}", number)};
  machine.pool = name;
  machine.state = state;
  return machine;
}

class LookAround : public testing::Test {
 protected:
  LookAround() {
    config.tag = Tag{"a"};
    PoolConfig pool;
    pool.name = name;
    pool.type = *parse_system_type(name.text);
    config.pools.emplace(name, pool);
    world.clock = std::make_unique<fakes::FakeClock>();
    world.queue = std::make_unique<fakes::FakeQueue>(clock());
    world.providers.emplace(ProviderKind::local, std::make_unique<fakes::FakeProvider>(clock(), chronicle));
    world.publisher = std::make_unique<fakes::FakePublisher>(clock(), chronicle);
    world.jobs = std::make_unique<fakes::FakeJobs>(provider(), clock(), chronicle);
  }

  fakes::FakeClock& clock() { return static_cast<fakes::FakeClock&>(*world.clock); }
  fakes::FakePublisher& publisher() { return static_cast<fakes::FakePublisher&>(*world.publisher); }
  fakes::FakeJobs& jobs() { return static_cast<fakes::FakeJobs&>(*world.jobs); }
  fakes::FakeQueue& queue() { return static_cast<fakes::FakeQueue&>(*world.queue); }
  fakes::FakeProvider& provider() {
    return static_cast<fakes::FakeProvider&>(*world.providers.at(ProviderKind::local));
  }

  void remembers(const Machine& machine) {
    memory.machines.push_back(machine);
    memory.next_number = number_of(machine.id) + 1;
  }
  Look look() { return clock().run(look_around(world, config, memory)); }

  fakes::Chronicle chronicle;
  World world;
  Config config;
  state::Memory memory;
};

TEST_F(LookAround, SeesTheQueueAndTheMachines) {
  QueueStatus status;
  status.time = noon;
  queue().says = status;
  remembers(machine(1));
  provider().has(MachineId{"a-1"});
  const Look seen = look();
  EXPECT_EQ(seen.seen.now, noon);
  ASSERT_TRUE(seen.seen.queue);
  EXPECT_EQ(seen.seen.queue->time, noon);
  ASSERT_EQ(seen.seen.machines.size(), 1);
  EXPECT_EQ(seen.seen.machines[0].address, "10.0.0.1");
  EXPECT_TRUE(seen.reachable.contains(ProviderKind::local));
  EXPECT_THAT(seen.problems, ElementsAre());
}

TEST_F(LookAround, KnowsWhatEnabledMachinesOfOthersCanBuild) {
  const MachineKind mac{.systems = {"x86_64-darwin"}};
  const MachineKind linux{.systems = {"x86_64-linux"}};
  const auto entry = [](std::optional<bool> enabled, std::optional<MachineKind> kind) {
    QueueMachine machine;
    machine.enabled = enabled;
    machine.kind = std::move(kind);
    return machine;
  };
  QueueStatus status;
  status.time = noon;
  status.machines = {
      {"root@10.0.0.1", entry(true, linux)}, {"root@x86-64-linux.placeholder.invalid", entry(true, linux)},
      {"root@old", entry(false, linux)},     {"root@unknown", entry({}, linux)},
      {"root@mac", entry(true, mac)},        {"root@mute", entry(true, {})}};
  queue().says = status;
  remembers(machine(1));
  provider().has(MachineId{"a-1"});
  EXPECT_THAT(look().seen.elsewhere, ElementsAre(mac));
}

TEST_F(LookAround, DoesNotShowWhatIsGone) {
  remembers(machine(1, MachineState::destroying));
  const Look seen = look();
  EXPECT_THAT(seen.seen.machines, ElementsAre());
  ASSERT_EQ(seen.fleet.machines.size(), 1);  // to be recorded
  EXPECT_EQ(seen.fleet.machines[0].state, MachineState::gone);
}

TEST_F(LookAround, KnowsWhatItCouldNotSee) {
  remembers(machine(1));
  provider().listing_fails = Error{"API unavailable"};
  const Look seen = look();
  EXPECT_EQ(seen.seen.unseen.at({PoolName{"x86_64-linux"}, ProviderKind::local}), "API unavailable");
  EXPECT_THAT(seen.problems, ElementsAre("local: API unavailable"));
  EXPECT_THAT(seen.reachable, ElementsAre());
  EXPECT_FALSE(seen.seen.machines[0].found.vanished);
}

TEST_F(LookAround, TheFirstPassKeepsAFileWhoseMachinesItDoesNotKnow) {
  publisher().in_use = {"root@10.0.0.1"};
  EXPECT_EQ(look().keeps_file, "");
  provider().listing_fails = Error{"API unavailable"};
  EXPECT_THAT(look().keeps_file, HasSubstr("until all providers have answered"));
  publisher().in_use = std::set<std::string>{};
  EXPECT_EQ(look().keeps_file, "") << "it takes nothing out of use";
  publisher().in_use = {"root@10.0.0.1"};
  memory.last_delivery = LastDelivery{.content = "", .at = {}, .succeeded = true, .destination = "here"};
  EXPECT_EQ(look().keeps_file, "");
}

TEST_F(LookAround, TheFirstPassKeepsAFileThatListsAForeignMachine) {
  provider().has(MachineId{"a-9"});
  Instance& instance = provider().machines.at(MachineId{"a-9"});
  instance.owner = Owner{"them"};
  publisher().in_use = {name_at(instance.address)};
  EXPECT_THAT(look().keeps_file, HasSubstr("which is foreign; adopt that machine, or take its line out"));
  publisher().in_use = {"root@192.0.2.1"};
  EXPECT_EQ(look().keeps_file, "");
}

TEST_F(LookAround, TheFirstPassAsksTheStatusWhichMachinesAreInUseIfNoFileTells) {
  provider().has(MachineId{"a-9"});
  const std::string address = provider().machines.at(MachineId{"a-9"}).address;
  queue().says->machines = {{name_at(address), {.enabled = true, .current_jobs = 1, .idle_since = {}}}};
  const Look seen = look();
  EXPECT_EQ(seen.keeps_file, "");
  ASSERT_EQ(seen.seen.machines.size(), 1);
  EXPECT_EQ(seen.seen.machines[0].state, MachineState::ready);
  queue().says = std::unexpected(Untrusted{"down"});
  EXPECT_THAT(look().keeps_file, HasSubstr("until the status can be trusted"));
}

TEST_F(LookAround, NumbersNewMachinesBeyondAnyThatExists) {
  memory.next_number = 5;
  EXPECT_EQ(look().seen.next_number, 5);
  provider().has(MachineId{"a-9"});  // of a lost journal
  EXPECT_EQ(look().seen.next_number, 10);
  memory.next_number = 20;
  EXPECT_EQ(look().seen.next_number, 20);
}

TEST_F(LookAround, KnowsCreationsThatFailedSinceTheLastPass) {
  for (const std::int64_t number : {1, 2}) {
    Machine creating = machine(number);
    creating.state = MachineState::creating;
    remembers(creating);
    provider().fails(creating.id, Operation::create, {"no capacity"});
    ASSERT_TRUE(world.jobs->begin({.machine = creating.id, .pool = name, .settings_json = {}}));
  }
  const Look seen = look();
  EXPECT_EQ(seen.seen.creations.at(name).failed_passes, 1) << "both in one pass";
  EXPECT_EQ(seen.seen.creations.at(name).last_failed_pass, seen.seen.now);
}

TEST_F(LookAround, RemembersPoolsThatAreNotConfiguredAnyMore) {
  memory.pools = {{.name = PoolName{"x86_64-linux:kvm"},
                   .provider = ProviderKind::local,
                   .settings_json = R"({"local":{},"maxJobs":7})"}};
  Machine old = machine(1);
  old.pool = PoolName{"x86_64-linux:kvm"};
  remembers(old);
  remembers(machine(2));
  provider().has(MachineId{"a-1"});
  provider().has(MachineId{"a-2"});
  const Look seen = look();
  ASSERT_EQ(seen.seen.retired.size(), 1);
  EXPECT_EQ(seen.seen.retired[0].name, old.pool);
  EXPECT_EQ(seen.seen.retired[0].max_jobs, 7);
  EXPECT_TRUE(seen.pools.contains({old.pool, ProviderKind::local}));
  EXPECT_TRUE(seen.pools.contains({name, ProviderKind::local}));
}

TEST_F(LookAround, KnowsLittleOfPoolsThatWereNeverRecorded) {
  Machine old = machine(1);
  old.pool = PoolName{"aarch64-linux"};
  old.provider = ProviderKind::nixops;
  world.providers.emplace(ProviderKind::nixops, std::make_unique<fakes::FakeProvider>(clock(), chronicle));
  remembers(old);
  const Look seen = look();
  ASSERT_EQ(seen.seen.retired.size(), 1);
  EXPECT_EQ(seen.seen.retired[0].kind(), ProviderKind::nixops);
  EXPECT_EQ(seen.seen.retired[0].max_machines, 0);
  EXPECT_THAT(seen.seen.retired[0].type.systems, ElementsAre("aarch64-linux"));
}

TEST_F(LookAround, LeavesAMachineThatMayBeStoppingAloneWhileTheJobsAreUnknown) {
  remembers(machine(1, MachineState::stopping));
  provider().has(MachineId{"a-1"});
  EXPECT_EQ(look().seen.machines.front().state, MachineState::draining) << "no job stops it";
  jobs().listing_fails = Error{"cannot be read"};
  const Look seen = look();
  EXPECT_FALSE(seen.knows_jobs);
  EXPECT_EQ(seen.seen.machines.front().state, MachineState::stopping);
  EXPECT_EQ(seen.seen.machines.front().found.under_way, Operation::stop);
}

TEST_F(LookAround, DoesNotGiveUpAMachineThatMayBeBeingMadeWhileTheJobsAreUnknown) {
  remembers(machine(1, MachineState::creating));
  jobs().listing_fails = Error{"cannot be read"};
  EXPECT_EQ(look().seen.machines.front().found.under_way, Operation::create);
}

TEST(QueueClock, IsAheadOnlyWhenTheDocumentIsOfTheFuture) {
  QueueStatus status;
  status.arrived = noon;
  status.time = noon + Seconds{7};
  EXPECT_EQ(queue_clock_ahead(status), Seconds{7});
  status.time = noon - Seconds{7};  // perhaps only its age
  EXPECT_EQ(queue_clock_ahead(status), Seconds{0});
  EXPECT_EQ(queue_clock_ahead(std::unexpected(Untrusted{"down"})), Seconds{120}) << "as much as would be trusted";
}

}  // namespace
}  // namespace hydra_provisioner::pass
