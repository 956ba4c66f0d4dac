#include "act/process_jobs.hpp"

#include <cstdlib>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "act/job_files.hpp"
#include "io/async/clock.hpp"
#include "io/file/descriptor.hpp"
#include "io/file/files.hpp"
#include "io/file/lock.hpp"
#include "io/process/processes.hpp"
#include "tests/fakes/fake_clock.hpp"
#include "tests/support/await.hpp"
#include "tests/support/temporary_folder.hpp"

namespace hydra_provisioner::act {
namespace {

namespace fs = std::filesystem;
using testing::ElementsAre;
using testing::HasSubstr;

constexpr Instant at_once{};
constexpr Instant whenever = Instant::max();

// Jobs whose program is a shell script. Each runs until the gate is opened for it.
class ProcessJobs : public testing::Test {
 protected:
  ProcessJobs() {
    EXPECT_EQ(::mkfifo(path("gate").c_str(), 0600), 0);
    gate_ = io::Descriptor(::open(path("gate").c_str(), O_RDWR | O_CLOEXEC));
    EXPECT_TRUE(gate_.is_open());
    ::setenv("HYDRA_PROVISIONER_TEST", folder_.path.c_str(), 1);
  }

  // No process is left behind, even by a test that failed.
  ~ProcessJobs() override { io::kill_all(io::processes_with(of_this_test)); }

  std::string path(const std::string& name) const { return folder_.path + "/" + name; }

  // `$2` is the state directory and `$5` the machine.
  std::string script(const std::string& text) const {
    EXPECT_TRUE(io::replace_file(path("program"), "#!/bin/sh\n" + text + "\n", 0700));
    return path("program");
  }
  std::string gated_script() const {
    return script("read line < $2/gate; echo \"$line\"; echo '{}' > $2/jobs/$5.result.json");
  }
  void open_gate() { EXPECT_EQ(::write(gate_.number(), "open\n", 5), 5); }

  // A shell that was started under this name and sleeps for ever, in a session of its own: to be run by a job's script.
  // It has nothing of the job's but the environment.
  std::string daemon(const std::string& name) const {
    EXPECT_TRUE(io::replace_file(
        path(name), "#!/bin/sh\nexec 3>&-\necho $$ > " + path(name + ".id") + "\nread line < " + path("never") + "\n",
        0700));
    if (!fs::exists(path("never"))) EXPECT_EQ(::mkfifo(path("never").c_str(), 0600), 0);
    return "setsid " + path(name) + " & until test -s " + path(name + ".id") + "; do sleep 0.01; done\n";
  }
  bool is_alive(const std::string& daemon) const {
    const auto content = io::read_file(path(daemon + ".id"), 64)->value_or("");
    const auto id = io::process_id(content.substr(0, content.find('\n')));
    EXPECT_TRUE(id) << daemon << " was not started";
    return id && io::has_in_environment(*id, mark);
  }

  // A job that is killed while a call of its own goes on, until the gate is opened for it.
  void begin_one_that_is_outlived(act::ProcessJobs& by) {
    script("(exec 3>&-; read line < $2/gate) & kill -9 $$");
    const auto begun = by.begin(request("a-1"));
    ASSERT_TRUE(begun) << begun.error().message;
    await_end_of_job();
  }
  void await_end_of_job() const {
    while (io::FileLock::is_held(JobFiles(folder_.path, a1).lock)) std::this_thread::yield();
  }

  static JobRequest request(const std::string& machine, Operation operation = Operation::destroy) {
    return {.machine = MachineId{machine},
            .operation = operation,
            .provider = ProviderKind::local,
            .pool = PoolName{"x86_64-linux"},
            .settings_json = "{}",
            .deadline = Seconds{60}};
  }
  void begin(const std::string& machine) {
    const auto begun = jobs.begin(request(machine));
    ASSERT_TRUE(begun) << begun.error().message;
  }
  JobState wait(const MachineId& machine, Instant until = whenever) {
    return support::await(jobs.wait(machine, Operation::destroy, until));
  }

  std::vector<std::string> files() const {
    std::vector<std::string> names;
    for (const auto& entry : fs::recursive_directory_iterator(folder_.path)) {
      if (entry.is_regular_file() && entry.path() != path("program")) {
        names.push_back(entry.path().lexically_relative(folder_.path));
      }
    }
    std::ranges::sort(names);
    return names;
  }
  std::string log() const { return io::read_file(path("logs/a-1.log"), 1 << 20)->value_or("(none)"); }

  support::TemporaryFolder folder_;
  io::Descriptor gate_;
  io::SystemClock clock;
  const MachineId a1{"a-1"};
  const std::string of_this_test = "HYDRA_PROVISIONER_TEST=" + folder_.path;
  const std::string mark = "HYDRA_PROVISIONER_JOB=" + folder_.path + "/jobs/a-1";
  act::ProcessJobs jobs{path("program"), folder_.path, Tag{"a"}, clock};
};

TEST_F(ProcessJobs, AreToldWhatToDo) {
  script("echo \"$@\"");
  begin("a-1");
  wait(a1);
  EXPECT_EQ(log(), "--state-dir " + folder_.path + " run-job a a-1\n");
  const auto read = read_request(JobFiles(folder_.path, a1));
  ASSERT_TRUE(read);
  EXPECT_EQ(read->operation, Operation::destroy);
}

TEST_F(ProcessJobs, AreSeenToRunAndToEnd) {
  gated_script();
  begin("a-1");
  EXPECT_TRUE(wait(a1, at_once).is_running);
  const auto running = jobs.list();
  ASSERT_EQ(running->size(), 1);
  EXPECT_TRUE(running->front().is_running);
  EXPECT_EQ(running->front().machine, a1);
  EXPECT_EQ(running->front().operation, Operation::destroy);

  open_gate();
  const JobState ended = wait(a1);
  EXPECT_FALSE(ended.is_running);
  ASSERT_TRUE(ended.result);
  EXPECT_TRUE(ended.result->has_value());
  EXPECT_EQ(jobs.list()->size(), 1);
  EXPECT_FALSE(jobs.list()->front().is_running);
}

TEST_F(ProcessJobs, AreSeenByLaterPassesToo) {
  gated_script();
  begin("a-1");
  act::ProcessJobs later(path("program"), folder_.path, Tag{"a"}, clock);
  EXPECT_TRUE(later.list()->front().is_running);
  EXPECT_EQ(later.begin(request("a-1")).error().kind, ErrorKind::already_exists);
  open_gate();
  const JobState ended = support::await(later.wait(a1, Operation::destroy, whenever));
  EXPECT_TRUE(ended.result && *ended.result);
}

TEST_F(ProcessJobs, AreCountedOnceWhenTheyAreForgotten) {
  script("echo '{}' > $2/jobs/$5.result.json");
  const auto calls = std::make_shared<Totals>();
  act::ProcessJobs counted(path("program"), folder_.path, Tag{"a"}, clock, calls);
  ASSERT_TRUE(counted.begin(request("a-1")));
  support::await(counted.wait(a1, Operation::destroy, whenever));
  EXPECT_TRUE(calls->empty());
  for (int i = 0; i < 2; ++i) ASSERT_TRUE(counted.forget(a1));
  EXPECT_EQ(calls->at({Total::provider_calls, {"local", "destroy", "succeeded"}}), 1);
  EXPECT_LT(calls->at({Total::provider_call_duration, {"local", "destroy", sum_of_values}}), 600);
}

TEST_F(ProcessJobs, HaveNoResultWhenTheyWereKilled) {
  script("kill -9 $$");
  begin("a-1");
  const JobState ended = wait(a1);
  EXPECT_FALSE(ended.is_running);
  EXPECT_FALSE(ended.result);
  ASSERT_EQ(jobs.list()->size(), 1);
  EXPECT_FALSE(jobs.list()->front().result);
}

TEST_F(ProcessJobs, RunOneAtATimeForAMachine) {
  gated_script();
  begin("a-1");
  const auto second = jobs.begin(request("a-1", Operation::create));
  ASSERT_FALSE(second);
  EXPECT_EQ(second.error().kind, ErrorKind::already_exists);
  EXPECT_EQ(read_request(JobFiles(folder_.path, a1))->operation, Operation::destroy);
  begin("a-2");
  EXPECT_EQ(jobs.list()->size(), 2);
}

TEST_F(ProcessJobs, AreNamedToAllThatTheyStart) {
  script("sh -c 'echo $HYDRA_PROVISIONER_JOB'");
  act::ProcessJobs elsewhere(path("program"), folder_.path + "/.", Tag{"a"}, clock);
  ASSERT_TRUE(elsewhere.begin(request("a-1")));
  wait(a1);
  EXPECT_EQ(log(), folder_.path + "/jobs/a-1\n");
}

TEST_F(ProcessJobs, RunUntilTheCallHasEndedThatOutlivesThem) {
  begin_one_that_is_outlived(jobs);
  EXPECT_TRUE(wait(a1, at_once).is_running);
  EXPECT_TRUE(jobs.list()->front().is_running);
  const auto second = jobs.begin(request("a-1", Operation::create));
  ASSERT_FALSE(second);
  EXPECT_EQ(second.error().kind, ErrorKind::already_exists);
  EXPECT_EQ(read_request(JobFiles(folder_.path, a1))->operation, Operation::destroy);
  EXPECT_TRUE(jobs.forget(a1));
  EXPECT_EQ(jobs.list()->size(), 1);

  open_gate();
  const JobState ended = wait(a1);
  EXPECT_FALSE(ended.is_running);
  EXPECT_FALSE(ended.result);
  EXPECT_TRUE(jobs.forget(a1));
  EXPECT_EQ(jobs.list()->size(), 0);
}

TEST_F(ProcessJobs, HaveEndedThoughADaemonOfTheirsStays) {
  script(daemon("master") + "kill -9 $$");
  begin("a-1");
  await_end_of_job();
  EXPECT_TRUE(is_alive("master"));
  EXPECT_FALSE(wait(a1, at_once).is_running);
  EXPECT_FALSE(jobs.list()->front().is_running);
}

TEST_F(ProcessJobs, TakeTheirSshMastersAlongWhenForgotten) {
  script(daemon("ssh") + daemon("machine") + "echo '{}' > $2/jobs/$5.result.json");
  begin("a-1");
  EXPECT_TRUE(wait(a1).result);
  EXPECT_TRUE(is_alive("ssh"));
  EXPECT_TRUE(jobs.forget(a1));
  EXPECT_FALSE(is_alive("ssh"));
  EXPECT_TRUE(is_alive("machine")) << "what a job has made is no leftover";
}

TEST_F(ProcessJobs, BeginWithoutTheSshMastersOfTheLast) {
  script(daemon("ssh") + daemon("machine") + "kill -9 $$");
  begin("a-1");
  await_end_of_job();
  EXPECT_TRUE(is_alive("ssh"));
  script("true");
  begin("a-1");
  EXPECT_FALSE(is_alive("ssh"));
  EXPECT_TRUE(is_alive("machine"));
}

TEST_F(ProcessJobs, LeaveTheSshMastersOfOtherMachinesAlone) {
  script(daemon("ssh") + "echo '{}' > $2/jobs/$5.result.json");
  begin("a-1");
  wait(a1);
  script("true");
  begin("a-10");
  wait(MachineId{"a-10"});
  EXPECT_TRUE(jobs.forget(MachineId{"a-10"}));
  EXPECT_TRUE(is_alive("ssh"));
}

TEST_F(ProcessJobs, AreKilledWhenTheyHangLongAfterTheirDeadline) {
  fakes::FakeClock stopped;
  act::ProcessJobs watched(path("program"), folder_.path, Tag{"a"}, stopped);
  script(daemon("master") + "read line < $2/gate");
  ASSERT_TRUE(watched.begin(request("a-1")));
  while (!fs::exists(path("master.id"))) std::this_thread::yield();
  stopped.advance(request("a-1").deadline + Seconds{60});
  for (int look = 0; look < 2; ++look) EXPECT_TRUE(watched.list()->front().is_running);

  stopped.advance(Seconds{1});
  EXPECT_TRUE(watched.list()->front().is_running);
  const auto listed = watched.list();
  ASSERT_EQ(listed->size(), 1);
  EXPECT_FALSE(listed->front().is_running);
  EXPECT_FALSE(listed->front().result);
  EXPECT_FALSE(is_alive("master"));
}

TEST_F(ProcessJobs, AreEndedLongAfterTheirDeadlineAlsoWhenOnlyACallGoesOn) {
  fakes::FakeClock stopped;
  act::ProcessJobs watched(path("program"), folder_.path, Tag{"a"}, stopped);
  begin_one_that_is_outlived(watched);
  stopped.advance(request("a-1").deadline + Seconds{61});
  EXPECT_TRUE(watched.list()->front().is_running);
  EXPECT_FALSE(watched.list()->front().is_running);
  EXPECT_TRUE(io::processes_with(mark).empty());
}

TEST_F(ProcessJobs, WithoutAKnownBeginningAreNotKilled) {
  gated_script();
  begin("a-1");
  ASSERT_TRUE(write_request(JobFiles(folder_.path, a1), request("a-1")));
  for (int look = 0; look < 2; ++look) EXPECT_TRUE(jobs.list()->front().is_running);
}

TEST_F(ProcessJobs, DoNotTakeOverAnEarlierResult) {
  gated_script();
  begin("a-1");
  open_gate();
  EXPECT_TRUE(wait(a1).result);
  script("kill -9 $$");
  begin("a-1");
  EXPECT_FALSE(wait(a1).result);
}

TEST_F(ProcessJobs, OfAnotherTagAreNoneOfOurs) {
  script("true");
  begin("a-1");
  begin("a-1-1");  // of the tag a-1
  wait(a1);
  wait(MachineId{"a-1-1"});
  ASSERT_EQ(jobs.list()->size(), 1);
  EXPECT_EQ(jobs.list()->front().machine, a1);
}

TEST_F(ProcessJobs, LeaveOnlyTheirLogWhenForgotten) {
  gated_script();
  begin("a-1");
  open_gate();
  wait(a1);
  EXPECT_TRUE(jobs.forget(a1));
  EXPECT_THAT(files(), ElementsAre("logs/a-1.log"));
  EXPECT_THAT(*jobs.list(), ElementsAre());
  EXPECT_EQ(jobs.log_file(a1), path("logs/a-1.log"));
}

TEST_F(ProcessJobs, AreNotForgottenWhileTheyRun) {
  gated_script();
  begin("a-1");
  EXPECT_TRUE(jobs.forget(a1));
  EXPECT_TRUE(jobs.list()->front().is_running);
}

TEST_F(ProcessJobs, AppendToTheMachinesLog) {
  script("echo once more");
  for (int n = 0; n < 2; ++n) {
    begin("a-1");
    wait(a1);
  }
  EXPECT_EQ(log(), "once more\nonce more\n");
}

TEST_F(ProcessJobs, BeginALongLogAnew) {
  fs::create_directory(path("logs"));
  EXPECT_TRUE(io::replace_file(path("logs/a-1.log"), "", 0600));
  fs::resize_file(path("logs/a-1.log"), (std::uintmax_t{4} << 20) + 1);
  script("echo new");
  begin("a-1");
  wait(a1);
  EXPECT_EQ(log(), "new\n");
}

TEST_F(ProcessJobs, LogsOfMachinesLongGoneAreRemovedButTheLast) {
  fs::create_directory(path("logs"));
  for (const char* name : {"a-1", "a-2", "a-3", "a-9", "b-1", "a.nixops"})
    EXPECT_TRUE(io::replace_file(path(fmt::format("logs/{}.log", name)), "", 0600));
  for (const char* name : {"a-1", "a-2", "a-9", "b-1", "a.nixops"})
    fs::last_write_time(path(fmt::format("logs/{}.log", name)),
                        fs::file_time_type::clock::now() - std::chrono::hours{48});
  io::SystemClock clock;
  act::ProcessJobs jobs("/bin/false", folder_.path, Tag{"a"}, clock);
  jobs.forget_logs({MachineId{"a-2"}}, clock.now() - std::chrono::hours{24});
  const auto left = io::names_in(path("logs"));
  ASSERT_TRUE(left);
  EXPECT_THAT(*left, testing::UnorderedElementsAre("a-2.log", "a-3.log", "a-9.log", "b-1.log", "a.nixops.log"));
  EXPECT_EQ(jobs.first_unused_number(), 10);
}

TEST_F(ProcessJobs, ThatCannotBeginLeaveNoTrace) {
  const auto begun = jobs.begin(request("a-1"));
  ASSERT_FALSE(begun);
  EXPECT_THAT(begun.error().message, HasSubstr(path("program")));
  EXPECT_THAT(*jobs.list(), ElementsAre());
  EXPECT_THAT(files(), ElementsAre("logs/a-1.log"));
}

// As a crash leaves it before the job has its lock, and while it is forgotten.
TEST_F(ProcessJobs, OfWhichOnlyTheRequestIsThereAreListedUntilForgotten) {
  fs::create_directory(path("jobs"));
  ASSERT_TRUE(write_request(JobFiles(folder_.path, a1), request("a-1")));
  ASSERT_EQ(jobs.list()->size(), 1);
  EXPECT_FALSE(jobs.list()->front().is_running);
  EXPECT_TRUE(jobs.forget(a1));
  EXPECT_THAT(files(), ElementsAre());
}

TEST_F(ProcessJobs, NeedNoFolderToBeListed) {
  EXPECT_THAT(*jobs.list(), ElementsAre());
  EXPECT_THAT(files(), ElementsAre());
}

TEST_F(ProcessJobs, WhoseFolderCannotBeReadAreAnError) {
  EXPECT_TRUE(io::replace_file(path("jobs"), "", 0600));
  const auto listed = jobs.list();
  ASSERT_FALSE(listed);
  EXPECT_THAT(listed.error().message, HasSubstr(path("jobs") + ": cannot be read: "));
}

}  // namespace
}  // namespace hydra_provisioner::act
