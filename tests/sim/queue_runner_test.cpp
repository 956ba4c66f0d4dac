#include "sim/queue_runner.hpp"

#include <functional>
#include <optional>
#include <set>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "observe/status_document.hpp"
#include "sim/farm.hpp"

namespace hydra_provisioner::sim {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

class RecordingObserver final : public Observer {
 public:
  void file_was_rejected(const std::string& why) override { rejected = why; }
  void step_began(std::int64_t step, const std::string& address) override { begun.emplace_back(step, address); }

  std::string rejected;
  std::vector<std::pair<std::int64_t, std::string>> begun;
};

class QueueRunnerTest : public testing::Test {
 protected:
  explicit QueueRunnerTest(const QueueRunnerStyle& style = {.unsupported_for_at_most = Seconds{1'000'000}})
      : farm{{.seed = 1, .style = style}, observer} {}

  // Machines that have booted, each with a line of these columns.
  void list(int machines, const std::string& columns) {
    std::string content = "# hydra-provisioner sim\n";
    for (int n = 0; n < machines; ++n) {
      SimInstance& instance = farm.cloud.make(MachineId{fmt::format("sim-{}", n)}, PoolName{"p"}, ProviderKind::nixops);
      farm.cloud.finish(instance);
      content += fmt::format("root@{} {}\n", instance.address, columns);
    }
    write(content);
  }
  void write(const std::string& content) {
    farm.disk.machines_file = {.content = content, .stamp = {++farm.disk.inodes, in_seconds(farm.timeline.now())}};
    farm.disk.on_change();
    let_pass(Seconds{31});
  }
  void let_pass(Seconds span) {
    const Time until = farm.timeline.now() + span;
    bool is_over = false;
    farm.timeline.at(until, [&] { is_over = true; });
    while (!is_over) farm.timeline.go_on();
  }
  std::vector<std::size_t> jobs_by_machine() const {
    std::map<std::string, std::size_t> jobs;
    for (const auto& [step, address] : observer.begun) ++jobs[address];
    std::vector<std::size_t> counts;
    for (const auto& [address, count] : jobs) counts.push_back(count);
    return counts;
  }

  RecordingObserver observer;
  Farm farm;
};

TEST_F(QueueRunnerTest, SpreadsStepsOverMachinesOfUsualSpeed) {
  list(3, "x86_64-linux - 4 1 - - -");
  farm.queue.add_steps("x86_64-linux", 4, Seconds{600});
  EXPECT_THAT(jobs_by_machine(), ElementsAre(2, 1, 1));
}

TEST_F(QueueRunnerTest, PacksStepsOntoMachinesOfLargeEqualSpeed) {
  list(3, "x86_64-linux - 4 1000 - - -");
  farm.queue.add_steps("x86_64-linux", 4, Seconds{600});
  EXPECT_THAT(jobs_by_machine(), ElementsAre(4));
}

TEST_F(QueueRunnerTest, RejectsAFileWithASpeedThatOldVersionsDivideBy) {
  write("root@a x86_64-linux - 4 0 - - -\n");
  EXPECT_EQ(observer.rejected, "root@a x86_64-linux - 4 0 - - -: speedFactor: 0");
}

TEST_F(QueueRunnerTest, ServesStepsInTheirOrderAcrossTypes) {
  write("");
  for (int n = 0; n < 2; ++n) {
    farm.queue.add_steps("x86_64-linux", 1, Seconds{600});
    farm.queue.add_steps("i686-linux", 1, Seconds{600});
  }
  farm.queue.add_steps("aarch64-linux", 1, Seconds{600});
  list(1, "i686-linux,x86_64-linux - 3 1 - - -");
  std::vector<std::int64_t> order;
  for (const auto& [step, address] : observer.begun) order.push_back(step);
  EXPECT_THAT(order, ElementsAre(1, 2, 3));
}

class WithDatabaseTest : public QueueRunnerTest {
 protected:
  WithDatabaseTest()
      : QueueRunnerTest({.releases_early = true, .has_database = true, .unsupported_for_at_most = Seconds{1'000'000}}) {
  }
};

TEST_F(WithDatabaseTest, AStepIsUnderWayUntilItsOutputsAreFetched) {
  const std::string name = "root@m1.farm.example";
  list(1, "x86_64-linux - 1 1 - - -");
  EXPECT_THAT(*farm.queue.steps_under_way(), IsEmpty());
  farm.queue.add_steps("x86_64-linux", 1, Seconds{100});
  EXPECT_EQ(farm.queue.steps_under_way()->at(name), 1);
  let_pass(Seconds{101});
  const QueueStatus status = farm.queue.status(in_seconds(farm.timeline.now()));
  EXPECT_EQ(status.machines->at(name).current_jobs, 0);
  EXPECT_EQ(farm.queue.steps_under_way()->at(name), 1);
  let_pass(Seconds{100});
  EXPECT_THAT(*farm.queue.steps_under_way(), IsEmpty());
}

TEST_F(QueueRunnerTest, HasNoDatabaseToAskByDefault) { EXPECT_FALSE(farm.queue.steps_under_way()); }

TEST_F(QueueRunnerTest, TellsForAnHourOfAMachineThatLeft) {
  list(1, "x86_64-linux - 1 1 - - -");
  farm.cloud.remove(*farm.cloud.find(MachineId{"sim-0"}, ProviderKind::nixops));
  write("");  // it has never had a job
  const std::string name = "root@m1.farm.example";
  const auto tells = [&] { return farm.queue.status(in_seconds(farm.timeline.now())).machines->contains(name); };
  EXPECT_TRUE(tells());
  let_pass(Seconds{3500});
  write("# nothing new\n");
  EXPECT_TRUE(tells());
  let_pass(Seconds{100});
  write("");
  EXPECT_FALSE(tells());
}

TEST_F(QueueRunnerTest, TellsOfAMachineForAsLongAsItsProviderHasItOnRecord) {
  list(1, "x86_64-linux - 1 1 - - -");
  farm.cloud.take_away(*farm.cloud.find(MachineId{"sim-0"}, ProviderKind::nixops));
  write("");
  let_pass(Seconds{4000});
  write("# nothing new\n");
  EXPECT_TRUE(farm.queue.status(in_seconds(farm.timeline.now())).machines->contains("root@m1.farm.example"));
}

void expect_equal(const QueueStatus& direct, const QueueStatus& read) {
  EXPECT_EQ(direct.time, read.time);
  EXPECT_EQ(direct.started, read.started);
  ASSERT_EQ(direct.step_types.size(), read.step_types.size());
  for (std::size_t i = 0; i < direct.step_types.size(); ++i) {
    EXPECT_EQ(direct.step_types[i].key, read.step_types[i].key);
    EXPECT_EQ(direct.step_types[i].type, read.step_types[i].type);
    EXPECT_EQ(direct.step_types[i].runnable, read.step_types[i].runnable);
    EXPECT_EQ(direct.step_types[i].running, read.step_types[i].running);
  }
  EXPECT_EQ(direct.history, read.history);
  ASSERT_TRUE(direct.machines && read.machines);
  ASSERT_EQ(direct.machines->size(), read.machines->size());
  for (const auto& [name, machine] : *direct.machines) {
    const QueueMachine& other = read.machines->at(name);
    EXPECT_EQ(machine.enabled, other.enabled);
    EXPECT_EQ(machine.current_jobs, other.current_jobs);
    EXPECT_EQ(machine.idle_since, other.idle_since);
    EXPECT_EQ(machine.last_failure, other.last_failure);
  }
}

TEST_F(QueueRunnerTest, GivesTheSameStatusAsItsDocument) {
  list(2, "x86_64-linux - 2 1 - - -");
  farm.queue.add_steps("x86_64-linux", 3, Seconds{100});
  farm.queue.add_steps("x86_64-linux:kvm", 2, Seconds{100});
  for (int n = 0; n < 3; ++n) {
    const Instant now = in_seconds(farm.timeline.now());
    const Queue read = observe::read_status_document(farm.queue.status_document(), now);
    ASSERT_TRUE(read) << read.error().why;
    expect_equal(farm.queue.status(now), *read);
    if (n == 1) write("");
    // After an hour it forgets machines that are gone.
    if (n == 1) farm.cloud.remove(*farm.cloud.find(MachineId{"sim-0"}, ProviderKind::nixops));
    let_pass(Seconds{n == 1 ? 4000 : 90});
    if (n == 1) write("# nothing new\n");
  }
  EXPECT_EQ(farm.queue.status(in_seconds(farm.timeline.now())).machines->size(),
            2u);  // one of them stands for those that are gone
}

// The one in Rust.
class JoiningTest : public testing::Test {
 protected:
  static QueueRunnerStyle style() {
    return {
        .unsupported_for_at_most = Seconds{86'400},
        .joining = {{PoolName{"p"},
                     {.systems = {"x86_64-linux"}, .ssh_key = {}, .max_jobs = 2, .supported = {}, .mandatory = {}}}},
        .ping_interval = Seconds{3},
        .dispatch_interval = Seconds{10}};
  }
  SimInstance& boot() {
    SimInstance& instance = farm.cloud.make(MachineId{"sim-0"}, PoolName{"p"}, ProviderKind::local);
    farm.cloud.finish(instance);
    let_pass(Seconds{95});
    return instance;
  }
  SimInstance& boot_open() {
    SimInstance& instance = boot();
    farm.cloud.set_gate(instance, true);
    let_pass(Seconds{4});
    return instance;
  }
  void let_pass(Seconds span) {
    const Time until = farm.timeline.now() + span;
    while (farm.timeline.now() < until) farm.timeline.go_on();
  }
  QueueStatus status() const {
    auto queue = observe::read_rust_documents(farm.queue.rust_documents(), in_seconds(farm.timeline.now()));
    if (!queue) throw std::logic_error(queue.error().message);
    std::ranges::copy(queue->doubtful, std::back_inserter(queue->steps));
    return observe::with_step_types(*std::move(queue), farm.queue.required_features());
  }
  std::optional<QueueMachine> shown() const {
    const QueueStatus shown = status();
    const auto machine = shown.machines->find("sim-0");
    return machine == shown.machines->end() ? std::nullopt : std::optional(machine->second);
  }

  RecordingObserver observer;
  Farm farm{{.seed = 1, .style = style()}, observer};
};

TEST_F(JoiningTest, AMachineGetsNothingBeforeAPingShowsItOpen) {
  farm.queue.add_steps("x86_64-linux", 3, Seconds{100});
  SimInstance& instance = boot();
  ASSERT_TRUE(shown());
  EXPECT_EQ(shown()->enabled, false);
  EXPECT_EQ(farm.queue.running_steps(), 0);
  farm.cloud.set_gate(instance, true);
  let_pass(Seconds{15});
  EXPECT_EQ(shown()->enabled, true);
  EXPECT_EQ(shown()->current_jobs, 2);
}

TEST_F(JoiningTest, ItsDocumentsShowWhatWaitsAndRuns) {
  boot_open();
  farm.queue.add_steps("x86_64-linux", 3, Seconds{100});
  farm.queue.add_steps("x86_64-linux:kvm", 4, Seconds{100});
  let_pass(Seconds{3});
  const QueueStatus shown = status();
  ASSERT_EQ(shown.step_types.size(), 2);
  EXPECT_EQ(shown.step_types[0].runnable, 1);
  EXPECT_EQ(shown.step_types[0].running, 2);
  EXPECT_EQ(shown.step_types[1].runnable, 4);
  EXPECT_THAT(shown.step_types[1].type.features, ElementsAre("kvm"));
}

TEST_F(JoiningTest, EverySecondStepThatWaitsIsInDoubt) {
  farm.queue.add_steps("x86_64-linux", 4, Seconds{100});
  const auto queue = observe::read_rust_documents(farm.queue.rust_documents(), in_seconds(farm.timeline.now()));
  ASSERT_TRUE(queue) << queue.error().message;
  EXPECT_EQ(queue->steps.size(), 2);
  EXPECT_EQ(queue->doubtful.size(), 2);
}

TEST_F(JoiningTest, AStepOnItsWayArrivesAfterTheGateWasClosed) {
  SimInstance& instance = boot_open();
  farm.queue.add_steps("x86_64-linux", 1, Seconds{100});
  farm.cloud.set_gate(instance, false);
  EXPECT_EQ(shown()->current_jobs, 0);
  EXPECT_TRUE(farm.queue.is_busy_at(instance.address));
  let_pass(Seconds{4});
  EXPECT_EQ(shown()->enabled, false);
  EXPECT_EQ(shown()->current_jobs, 1);
}

TEST_F(JoiningTest, AMachineThatVanishedHasItsStepsUntilItsConnectionIsGivenUp) {
  SimInstance& instance = boot_open();
  farm.queue.add_steps("x86_64-linux", 1, Seconds{10});
  let_pass(Seconds{3});
  farm.cloud.make_unresponsive(instance, Seconds{10'000});
  let_pass(Seconds{900});
  EXPECT_EQ(shown()->current_jobs, 1);
  let_pass(Seconds{60});
  EXPECT_FALSE(shown());
  EXPECT_EQ(farm.queue.running_steps(), 0);
  EXPECT_EQ(farm.queue.waiting_steps(), 1);
}

TEST_F(JoiningTest, ABuilderThatEndsGivesItsStepsBackAndConnectsAgain) {
  SimInstance& instance = boot_open();
  farm.queue.add_steps("x86_64-linux", 1, Seconds{100});
  let_pass(Seconds{3});
  farm.queue.restart_builder(instance.address);
  EXPECT_FALSE(shown());
  EXPECT_EQ(farm.queue.waiting_steps(), 1);
  let_pass(Seconds{10});
  ASSERT_TRUE(shown());
  let_pass(Seconds{180});
  EXPECT_EQ(farm.queue.waiting_steps() + farm.queue.running_steps(), 0);
}

TEST_F(JoiningTest, AMachineThatRebootsComesBackClosedAndItsStepsAreTriedAgain) {
  SimInstance& instance = boot_open();
  farm.queue.add_steps("x86_64-linux", 1, Seconds{2000});
  let_pass(Seconds{4});
  farm.cloud.reboot(instance);
  let_pass(Seconds{1000});  // until nothing is left of the connection from before
  EXPECT_EQ(shown()->enabled, false);
  EXPECT_EQ(farm.queue.running_steps(), 0);
  EXPECT_EQ(farm.queue.waiting_steps(), 1);
}

TEST_F(JoiningTest, ABlackHoleFailsAllStepsAndItsRecordSaysSo) {
  farm.faults.black_holes = 1;
  farm.faults.black_holes_last = Seconds{1000};
  boot_open();
  farm.queue.add_steps("x86_64-linux", 3, Seconds{100});
  let_pass(Seconds{40});
  EXPECT_EQ(farm.queue.waiting_steps(), 3);
  EXPECT_EQ(shown()->trouble, "it has failed all 3 steps that it got");
  let_pass(Seconds{3000});  // the later tries succeed
  EXPECT_EQ(farm.queue.waiting_steps() + farm.queue.running_steps(), 0);
  EXPECT_EQ(shown()->trouble, "");
}

TEST_F(JoiningTest, MachinesConnectAgainAfterARestart) {
  boot_open();
  farm.queue.restart(Seconds{5});
  EXPECT_FALSE(shown());
  let_pass(Seconds{20});
  EXPECT_TRUE(shown());
}

TEST_F(JoiningTest, AQueueRunnerThatHasNotReadItsQueueKnowsNoStepsAndSaysSo) {
  boot_open();
  farm.queue.add_steps("x86_64-linux", 1, Seconds{1000});
  farm.queue.restart(Seconds{5}, Seconds{60});
  let_pass(Seconds{30});
  EXPECT_EQ(farm.queue.rust_documents().queues, R"({"queues":{}})");
  EXPECT_THROW(status(), std::logic_error);
  EXPECT_EQ(farm.queue.waiting_steps(), 1);
  let_pass(Seconds{50});
  EXPECT_EQ(shown()->current_jobs, 1);
}

}  // namespace
}  // namespace hydra_provisioner::sim
