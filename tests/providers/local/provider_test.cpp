#include <algorithm>
#include <cstdio>
#include <set>

#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>
#include <boost/asio/io_context.hpp>

#include "io/async/gather.hpp"
#include "io/async/waypoint.hpp"
#include "providers/keys.hpp"
#include "providers/local/local_provider.hpp"
#include "tests/providers/local/machines.hpp"

namespace hydra_provisioner::providers::local {
namespace {

class LocalProviderTest : public LocalMachines {
 protected:
  LocalProvider provider{Tag("t"), state_dir, clock};

  Instance create() {
    const auto instance = support::await(provider.create({.machine = machine, .instance = {}}, pool));
    EXPECT_TRUE(instance) << instance.error().message;
    return instance.value_or(Instance{});
  }
  std::string why_not_ready(const Instance& instance) {
    const auto ready = support::await(provider.ready(instance, pool));
    return ready ? "" : ready.error().message;
  }

  // Logs in: ssh holds the connection until its input ends.
  FILE* log_in(const Instance& instance) const {
    const std::string command =
        "exec ssh -F /dev/null -i " + providers::local_key_path(state_dir, Tag("t")) +
        " -o BatchMode=yes -o GlobalKnownHostsFile=/dev/null -o UserKnownHostsFile=" + folder(machine) +
        "/known_hosts root@" + instance.address + " >/dev/null 2>&1";
    FILE* const session = ::popen(command.c_str(), "we");
    EXPECT_TRUE(eventually([&] { return !processes_with("HYDRA_PROVISIONER_MACHINE=" + folder(machine)).empty(); }));
    return session;
  }
};

TEST_F(LocalProviderTest, HasNoMachinesAtFirst) { EXPECT_EQ(listed(provider), Listed{}); }

TEST_F(LocalProviderTest, CreatesAMachineThatIsReadyAndListed) {
  const Instance instance = create();
  EXPECT_EQ(instance.state, InstanceState::running);
  EXPECT_TRUE(instance.address.starts_with("127.83.")) << instance.address;
  EXPECT_TRUE(instance.host_key.starts_with("ssh-ed25519 AAAA")) << instance.host_key;
  EXPECT_TRUE(instance.launched_at);
  EXPECT_EQ(why_not_ready(instance), "");

  const auto all = support::await(provider.list({}));
  ASSERT_TRUE(all);
  ASSERT_EQ(all->instances.size(), 1U);
  EXPECT_EQ(all->instances.front().machine, machine);
  EXPECT_EQ(all->instances.front().pool, pool.name);
  EXPECT_EQ(all->instances.front().state, InstanceState::running);
  EXPECT_EQ(all->instances.front().address, instance.address);
  EXPECT_EQ(all->instances.front().host_key, instance.host_key);
  EXPECT_EQ(all->instances.front().launched_at, instance.launched_at);
}

TEST_F(LocalProviderTest, IsFoundUnderAnotherSpellingOfTheStateDirectory) {
  create();
  LocalProvider other(Tag("t"), state_dir + "/../" + std::filesystem::path(state_dir).filename().string() + "/.",
                      clock);
  EXPECT_EQ(listed(other), (Listed{{"t-1", InstanceState::running}}));
}

TEST_F(LocalProviderTest, CreatesTheSameMachineOnlyOnce) {
  const Instance first = create();
  const pid_t listener_before = listener(machine);
  const Instance second = create();
  EXPECT_EQ(second.address, first.address);
  EXPECT_EQ(second.host_key, first.host_key);
  EXPECT_EQ(listener(machine), listener_before);
}

TEST_F(LocalProviderTest, IsReadyWhileItsBuilderRuns) {
  pool.provider = LocalSettings{.builder = {"sh", "-c", "echo 'error: no port' >&2; exec sleep 1000"}};
  EXPECT_EQ(why_not_ready(create()), "");
}

TEST_F(LocalProviderTest, SaysThatItsBuilderHasEnded) {
  pool.provider = LocalSettings{.builder = {"sh", "-c", "seq 100000; echo 'error: wrong token' >&2; echo bye; exit 3"}};
  const Instance instance = create();
  EXPECT_TRUE(eventually([&] { return !why_not_ready(instance).empty(); }));
  EXPECT_EQ(why_not_ready(instance),
            "local.builder exited with 3: \"error: wrong token\"; its log: " + folder(machine) + "/builder.log");
  EXPECT_TRUE(support::await(provider.stop({.machine = machine, .instance = {}}, pool)));
  std::get<LocalSettings>(pool.provider).builder = {"sleep", "1000"};
  const auto again = support::await(provider.start({.machine = machine, .instance = {}}, pool));
  ASSERT_TRUE(again) << again.error().message;
  EXPECT_EQ(why_not_ready(*again), "");
}

TEST_F(LocalProviderTest, SaysThatItsBuilderCannotBeStarted) {
  pool.provider = LocalSettings{.builder = {"no-such-builder"}};
  const auto created = support::await(provider.create({.machine = machine, .instance = {}}, pool));
  ASSERT_FALSE(created);
  EXPECT_EQ(created.error().message, "local.builder: no-such-builder: not found in PATH");
}

TEST_F(LocalProviderTest, LetsNoOtherKeyIn) {
  const Instance instance = create();
  const std::string other = state_dir + "/other";
  ASSERT_TRUE(support::await(io::run_successfully(
      {.argv = {"ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", other}, .deadline = std::chrono::seconds{60}})));
  pool.ssh_key = other;
  EXPECT_NE(why_not_ready(instance).find("Permission denied (publickey)"), std::string::npos)
      << why_not_ready(instance);
}

TEST_F(LocalProviderTest, LetsTheKeyOfItsPoolIn) {
  const std::string key = state_dir + "/farm";
  ASSERT_TRUE(support::await(io::run_successfully(
      {.argv = {"ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", key}, .deadline = std::chrono::seconds{60}})));
  std::filesystem::remove(key + ".pub");  // it can be derived
  pool.ssh_key = key;
  EXPECT_EQ(why_not_ready(create()), "");
  EXPECT_FALSE(std::filesystem::exists(providers::local_key_path(state_dir, Tag("t"))));
}

TEST_F(LocalProviderTest, SaysHowToMakeAMissingKey) {
  pool.ssh_key = state_dir + "/none";
  const auto created = support::await(provider.create({.machine = machine, .instance = {}}, pool));
  ASSERT_FALSE(created);
  EXPECT_EQ(
      created.error().message,
      "sshKey " + *pool.ssh_key + ": no such file; create it with ssh-keygen -t ed25519 -N '' -f " + *pool.ssh_key);
  EXPECT_EQ(listed(provider), Listed{});
}

TEST_F(LocalProviderTest, SaysThatSshWouldRefuseTheKey) {
  pool.ssh_key = state_dir + "/open";
  std::ofstream(*pool.ssh_key) << "a key";
  std::filesystem::permissions(*pool.ssh_key, std::filesystem::perms(0644));
  const auto created = support::await(provider.create({.machine = machine, .instance = {}}, pool));
  ASSERT_FALSE(created);
  EXPECT_EQ(
      created.error().message,
      "sshKey " + *pool.ssh_key + ": others may read it, and ssh refuses such keys; run chmod 600 " + *pool.ssh_key);
}

TEST_F(LocalProviderTest, SaysThatItsHostKeyIsNotTheExpectedOne) {
  const Instance instance = create();
  std::ofstream(folder(machine) + "/known_hosts")
      << instance.address << " ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIGJGSMNvQbhkLElPVtvrr5Zgq4mIKUXQo1tN3dDLQSlj\n";
  EXPECT_NE(why_not_ready(instance).find("Host key verification failed"), std::string::npos) << why_not_ready(instance);
}

TEST_F(LocalProviderTest, ListsAMachineAsVanishedWhenItsSshdDied) {
  create();
  kill_listener(machine);
  EXPECT_TRUE(eventually([&] { return listed(provider) == Listed{{"t-1", InstanceState::vanished}}; }));
}

TEST_F(LocalProviderTest, IsNotVanishedWhileASessionOutlivesItsListener) {
  FILE* const session = log_in(create());
  kill_listener(machine);
  EXPECT_TRUE(eventually([&] { return listed(provider) == Listed{{"t-1", InstanceState::incomplete}}; }));
  ::pclose(session);
  EXPECT_TRUE(eventually([&] { return listed(provider) == Listed{{"t-1", InstanceState::vanished}}; }));
}

TEST_F(LocalProviderTest, DoesNotTakeAnotherProcessForItsSshd) {
  create();
  const pid_t sshd = listener(machine);
  std::ofstream(folder(machine) + "/sshd.pid") << ::getpid() << "\n";  // as if the id had been used again
  EXPECT_EQ(listed(provider), (Listed{{"t-1", InstanceState::incomplete}})) << "it still runs, so it is not gone";
  ASSERT_TRUE(support::await(provider.destroy({.machine = machine, .instance = {}}, pool)));
  EXPECT_NE(::kill(sshd, 0), 0);
}

TEST_F(LocalProviderTest, KeepsTheStoreOfAStoppedMachineAndItsHostKeyAndAddress) {
  const Instance before = create();
  std::filesystem::create_directories(folder(machine) + "/store");
  std::ofstream(folder(machine) + "/store/kept") << "x";
  ASSERT_TRUE(support::await(provider.stop({.machine = machine, .instance = {}}, pool)));
  EXPECT_EQ(listed(provider), (Listed{{"t-1", InstanceState::stopped}}));
  EXPECT_TRUE(eventually([&] { return processes_with(folder(machine)).empty(); }));

  const auto after = support::await(provider.start({.machine = machine, .instance = {}}, pool));
  ASSERT_TRUE(after) << after.error().message;
  EXPECT_EQ(after->host_key, before.host_key);
  EXPECT_EQ(after->address, before.address);
  EXPECT_EQ(why_not_ready(*after), "");
  EXPECT_EQ(content(folder(machine) + "/store/kept"), "x");
}

TEST_F(LocalProviderTest, StopsTwiceAndStartsTwice) {
  create();
  EXPECT_TRUE(support::await(provider.stop({.machine = machine, .instance = {}}, pool)));
  EXPECT_TRUE(support::await(provider.stop({.machine = machine, .instance = {}}, pool)));
  EXPECT_TRUE(support::await(provider.start({.machine = machine, .instance = {}}, pool)));
  EXPECT_TRUE(support::await(provider.start({.machine = machine, .instance = {}}, pool)));
  EXPECT_EQ(listed(provider), (Listed{{"t-1", InstanceState::running}}));
}

TEST_F(LocalProviderTest, DoesNotStartWhatWasDestroyed) {
  const auto started = support::await(provider.start({.machine = machine, .instance = {}}, pool));
  ASSERT_FALSE(started);
  EXPECT_EQ(started.error().kind, ErrorKind::refused);
}

TEST_F(LocalProviderTest, DestroysProcessesAndFolder) {
  create();
  ASSERT_TRUE(support::await(provider.destroy({.machine = machine, .instance = {}}, pool)));
  EXPECT_TRUE(eventually([&] { return processes_with(folder(machine)).empty(); }));
  EXPECT_FALSE(std::filesystem::exists(folder(machine)));
  EXPECT_EQ(listed(provider), Listed{});
  EXPECT_TRUE(support::await(provider.destroy({.machine = machine, .instance = {}}, pool)))
      << "nothing is there any more";
}

TEST_F(LocalProviderTest, DestroysASessionWhoseListenerHasDied) {
  FILE* const session = log_in(create());
  kill_listener(machine);
  ASSERT_TRUE(support::await(provider.destroy({.machine = machine, .instance = {}}, pool)));
  EXPECT_TRUE(eventually([&] { return processes_with("HYDRA_PROVISIONER_MACHINE=" + folder(machine)).empty(); }));
  EXPECT_FALSE(std::filesystem::exists(folder(machine)));
  EXPECT_EQ(WEXITSTATUS(::pclose(session)), 255) << "its connection has ended";
}

TEST_F(LocalProviderTest, DestroysNoProcessOfAMachineWhoseNameBeginsAlike) {
  create();
  const MachineId other("t-11");
  ASSERT_TRUE(support::await(provider.create({.machine = other, .instance = {}}, pool)));
  ASSERT_TRUE(support::await(provider.destroy({.machine = machine, .instance = {}}, pool)));
  EXPECT_EQ(listed(provider), (Listed{{"t-11", InstanceState::running}}));
}

TEST_F(LocalProviderTest, RefusesAnIdThatIsNotItsOwn) {
  for (const char* id : {"", "t-", "t-1-1", "u-1", "../t-1", "t-1/.."}) {
    EXPECT_FALSE(support::await(provider.destroy({.machine = MachineId(id), .instance = {}}, pool))) << id;
    EXPECT_FALSE(support::await(provider.create({.machine = MachineId(id), .instance = {}}, pool))) << id;
  }
}

TEST_F(LocalProviderTest, SeesOnlyMachinesOfItsTag) {
  LocalProvider a(Tag("a"), state_dir, clock);
  LocalProvider a_1(Tag("a-1"), state_dir, clock);
  ASSERT_TRUE(support::await(a.create({.machine = MachineId("a-1"), .instance = {}}, pool)));
  ASSERT_TRUE(support::await(a_1.create({.machine = MachineId("a-1-1"), .instance = {}}, pool)));
  EXPECT_EQ(listed(a), (Listed{{"a-1", InstanceState::running}}));
  EXPECT_EQ(listed(a_1), (Listed{{"a-1-1", InstanceState::running}}));
  ASSERT_TRUE(support::await(a.destroy({.machine = MachineId("a-1"), .instance = {}}, pool)));
  EXPECT_EQ(listed(a_1), (Listed{{"a-1-1", InstanceState::running}}));
}

TEST_F(LocalProviderTest, ListsAFolderWithoutRecordAsIncomplete) {
  std::filesystem::create_directories(folder(machine));
  EXPECT_EQ(listed(provider), (Listed{{"t-1", InstanceState::incomplete}}));
  EXPECT_EQ(why_not_ready(create()), "");
}

TEST_F(LocalProviderTest, SaysWhichRecordCannotBeRead) {
  std::filesystem::create_directories(folder(machine));
  std::ofstream(folder(machine) + "/instance.json") << R"({"pool": "x86_64-linux", "power": "maybe"})";
  const auto instances = support::await(provider.list({}));
  ASSERT_FALSE(instances);
  EXPECT_EQ(instances.error().message,
            folder(machine) +
                "/instance.json: power is \"maybe\", expected booting, on or off; correct it, "
                "or end the machine's processes and remove its folder");
}

TEST_F(LocalProviderTest, TakesAnotherAddressWhenItsOwnIsInUse) {
  const Instance first = create();
  ASSERT_TRUE(support::await(provider.destroy({.machine = machine, .instance = {}}, pool)));
  // The same id leads to the same address, but a machine of another state directory has it now.
  const std::string elsewhere = state_dir + "/elsewhere";
  LocalProvider other(Tag("t"), elsewhere, clock);
  const auto taken = support::await(other.create({.machine = machine, .instance = {}}, pool));
  ASSERT_TRUE(taken) << taken.error().message;
  EXPECT_EQ(taken->address, first.address);
  const Instance second = create();
  EXPECT_NE(second.address, first.address);
  EXPECT_EQ(why_not_ready(second), "");
  EXPECT_TRUE(support::await(other.destroy({.machine = machine, .instance = {}}, pool)));
}

TEST_F(LocalProviderTest, LeavesAStoppedMachineItsAddress) {
  const Instance first = create();
  ASSERT_TRUE(support::await(provider.stop({.machine = machine, .instance = {}}, pool)));
  std::filesystem::rename(folder(machine), folder(MachineId("t-2")));  // another id has that address now
  EXPECT_NE(create().address, first.address);
}

TEST_F(LocalProviderTest, CreatesManyAtOnce) {
  std::vector<std::function<io::Task<void>()>> creations;
  std::set<std::string> addresses;
  std::vector<std::string> errors;
  const auto create_one = [&](int number) -> io::Task<void> {
    const auto instance =
        co_await provider.create({.machine = MachineId("t-" + std::to_string(number)), .instance = {}}, pool);
    instance ? static_cast<void>(addresses.insert(instance->address)) : errors.push_back(instance.error().message);
  };
  for (int number = 1; number <= 8; ++number) creations.emplace_back([&, number] { return create_one(number); });
  boost::asio::io_context context;
  boost::asio::co_spawn(context, io::run_all(creations, 8), [](std::exception_ptr) {});
  context.run();
  EXPECT_EQ(errors, std::vector<std::string>{});
  EXPECT_EQ(addresses.size(), 8U);
  EXPECT_EQ(listed(provider).size(), 8U);
}

// Does the work in a process that dies at a waypoint, as by kill -9.
enum class Ended { at_waypoint, by_itself };
Ended in_a_process_that_dies_at(int waypoint_number, const std::function<bool()>& work) {
  const pid_t child = ::fork();
  if (child == 0) {
    int passed = 0;
    io::set_waypoint_hook([&](std::string_view) {
      if (++passed == waypoint_number) ::_exit(1);
    });
    ::_exit(work() ? 0 : 2);
  }
  int status = 0;
  ::waitpid(child, &status, 0);
  EXPECT_NE(WEXITSTATUS(status), 2) << "the work failed";
  return WEXITSTATUS(status) == 1 ? Ended::at_waypoint : Ended::by_itself;
}

TEST_F(LocalProviderTest, SurvivesACrashAnywhereInCreate) {
  const auto work = [&] {
    return support::await(provider.create({.machine = machine, .instance = {}}, pool)).has_value();
  };
  int number = 1;
  for (; in_a_process_that_dies_at(number, work) == Ended::at_waypoint; ++number) {
    const Listed seen = listed(provider);
    ASSERT_LE(seen.size(), 1U);
    if (!seen.empty())
      EXPECT_TRUE(seen[0].second == InstanceState::incomplete || seen[0].second == InstanceState::running);
    const auto instance = support::await(provider.create({.machine = machine, .instance = {}}, pool));
    ASSERT_TRUE(instance) << instance.error().message << ", after a crash at waypoint " << number;
    EXPECT_EQ(listed(provider), (Listed{{"t-1", InstanceState::running}}));
    ASSERT_TRUE(support::await(provider.destroy({.machine = machine, .instance = {}}, pool)));
    ASSERT_TRUE(eventually([&] { return processes_with(folder(machine)).empty(); }))
        << "after a crash at waypoint " << number;
  }
  EXPECT_GT(number, 20);
}

TEST_F(LocalProviderTest, SurvivesACrashAnywhereInStop) {
  create();
  const auto work = [&] {
    return support::await(provider.stop({.machine = machine, .instance = {}}, pool)).has_value();
  };
  for (int number = 1; in_a_process_that_dies_at(number, work) == Ended::at_waypoint; ++number) {
    ASSERT_TRUE(support::await(provider.stop({.machine = machine, .instance = {}}, pool)));
    EXPECT_EQ(listed(provider), (Listed{{"t-1", InstanceState::stopped}}));
    ASSERT_TRUE(support::await(provider.start({.machine = machine, .instance = {}}, pool)));
  }
}

TEST_F(LocalProviderTest, MakesOneKeyForProcessesThatCreateAtOnce) {
  std::vector<pid_t> children;
  for (int number = 1; number <= 4; ++number) {
    children.push_back(::fork());
    if (children.back() == 0) {
      const auto created =
          support::await(provider.create({.machine = MachineId("t-" + std::to_string(number)), .instance = {}}, pool));
      ::_exit(created ? 0 : 1);
    }
  }
  for (const pid_t child : children) {
    int status = 0;
    ::waitpid(child, &status, 0);
    EXPECT_EQ(status, 0);
  }
  const auto instances = support::await(provider.list({}));
  ASSERT_TRUE(instances);
  ASSERT_EQ(instances->instances.size(), 4U);
  for (const auto& instance : instances->instances) EXPECT_EQ(why_not_ready(instance), "");
}

TEST_F(LocalProviderTest, NamesEveryMissingProgramAtOnce) {
  const std::string path = ::getenv("PATH");
  ::setenv("PATH", state_dir.c_str(), 1);
  const auto created = support::await(provider.create({.machine = machine, .instance = {}}, pool));
  ::setenv("PATH", path.c_str(), 1);
  ASSERT_FALSE(created);
  const std::string& message = created.error().message;
  EXPECT_NE(message.find("this host cannot run local machines: not found: ssh, ssh-keygen, nix-store, unshare, "
                         "mount, setpriv (apt-get install mount nix-bin openssh-client util-linux)"),
            std::string::npos)
      << message;
}

TEST_F(LocalProviderTest, RefusesAnotherStore) {
  ::setenv("NIX_STORE_DIR", "/other/store", 1);
  const auto created = support::await(provider.create({.machine = machine, .instance = {}}, pool));
  ::unsetenv("NIX_STORE_DIR");
  ASSERT_FALSE(created);
  EXPECT_NE(created.error().message.find(R"(NIX_STORE_DIR is "/other/store", and local machines only build for /nix)"),
            std::string::npos)
      << created.error().message;
}

TEST_F(LocalProviderTest, SaysThatAnotherSshdHasPort22OfAllAddresses) {
  const int server = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_in everywhere{};
  everywhere.sin_family = AF_INET;
  everywhere.sin_port = htons(22);
  const int yes = 1;  // earlier connections must not block the address
  ASSERT_EQ(::setsockopt(server, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof yes), 0);
  ASSERT_EQ(::bind(server, reinterpret_cast<const sockaddr*>(&everywhere), sizeof everywhere), 0);
  ASSERT_EQ(::listen(server, 1), 0);
  const auto created = support::await(provider.create({.machine = machine, .instance = {}}, pool));
  ::close(server);
  ASSERT_FALSE(created);
  EXPECT_NE(created.error().message.find("another program listens on port 22 of all addresses"), std::string::npos)
      << created.error().message;
}

TEST_F(LocalProviderTest, SaysWhichStateDirectoryItCannotUse) {
  LocalProvider odd(Tag("t"), state_dir + "/with space", clock);
  const auto created = support::await(odd.create({.machine = machine, .instance = {}}, pool));
  ASSERT_FALSE(created);
  EXPECT_NE(created.error().message.find("choose another --state-dir"), std::string::npos) << created.error().message;
}

}  // namespace
}  // namespace hydra_provisioner::providers::local
