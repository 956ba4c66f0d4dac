// Builds on local machines, sent by Nix through ssh, as a queue runner does.
#include <sched.h>
#include <sys/mount.h>

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <boost/asio/co_spawn.hpp>

#include "providers/keys.hpp"
#include "providers/local/build_users.hpp"
#include "providers/local/requirements.hpp"
#include "tests/providers/local/machines.hpp"

namespace hydra_provisioner::providers::local {
namespace {

using testing::HasSubstr;
using testing::StartsWith;

// A sandbox hides its place, except its root directory: the fourth field of the first mount.
constexpr const char* expression = R"({ name, system, features, command, content }: derivation ((
  if content == "" then { } else {
    outputHashMode = "flat";
    outputHashAlgo = "sha256";
    outputHash = builtins.hashString "sha256" "${content}\n";
  }) // {
  inherit name system;
  requiredSystemFeatures = features;
  builder = "/bin/sh";
  args = [ "-e" "-c" ''
    read -r id parent device root rest < /proc/self/mountinfo
    echo "$(uname -m) $root" > $out
    ${command}
  '' ];
}))";

struct Job {
  std::string name;
  std::string system = "x86_64-linux";
  std::string features = "[ ]";
  std::string command{};
  std::string content{};  // the only line that its output has: then it sees the network and this host's /etc/hosts
};

// The uid that the builder has outside of its sandbox.
constexpr const char* says_its_uid = R"(
    read -r inside outside rest < /proc/self/uid_map
    echo $outside > $out
)";

// Opens files of this host for writing, and says of each whether it could. This changes nothing, even where it is
// allowed: `>>` neither empties a file nor writes into it, and no setting changes without a write. The first is judged
// by uid, whatever the capabilities are.
constexpr const char* opens_files_of_this_host = R"(
    for file in /proc/sys/kernel/core_pattern /proc/sys/vm/swappiness /etc/hosts; do
      if ( : >> $file ) 2>/dev/null; then echo "opened $file" >> $out; fi
    done
)";

class LocalBuilds : public LocalMachines {
 protected:
  LocalProvider provider{Tag("t"), state_dir, clock};
  Instance instance;

  void SetUp() override {
    LocalMachines::SetUp();
    if (IsSkipped()) return;
    std::ofstream(state_dir + "/job.nix") << expression;
    pool.type.supported_features = {"benchmark"};
    const auto created = support::await(provider.create({.machine = machine, .instance = {}}, pool));
    ASSERT_TRUE(created) << created.error().message;
    instance = *created;
  }

  // With the queue runner's store, and without this host's settings.
  io::Command nix(std::vector<std::string> argv) const {
    const std::string home = state_dir + "/queue-runner";
    return {.argv = std::move(argv),
            .deadline = std::chrono::seconds{100},
            .environment = {"NIX_REMOTE=" + home + "/store", "NIX_CONF_DIR=" + home, "NIX_USER_CONF_FILES=/dev/null",
                            "NIX_CONFIG=substituters =\nbuild-users-group =\nmax-jobs = 0\n", "HOME=" + home,
                            "NIX_SSHOPTS=-F /dev/null -o BatchMode=yes -o UserKnownHostsFile=" + folder(machine) +
                                "/known_hosts -o GlobalKnownHostsFile=/dev/null"}};
  }

  io::Command build(const Job& job) const {
    std::filesystem::create_directories(state_dir + "/queue-runner");
    const auto instantiated = support::await(io::run_successfully(nix(
        {"nix-instantiate", state_dir + "/job.nix", "--argstr", "name", job.name, "--argstr", "system", job.system,
         "--arg", "features", job.features, "--argstr", "command", job.command, "--argstr", "content", job.content})));
    EXPECT_TRUE(instantiated) << instantiated.error().message;
    const std::string derivation = io::last_meaningful_line(instantiated.value_or(io::Finished{}).output);
    const std::string machines = fmt::format("root@{} x86_64-linux,i686-linux {} 1 1 benchmark,kvm -", instance.address,
                                             providers::local_key_path(state_dir, Tag("t")));
    return nix({"nix-store", "--realise", derivation, "--builders", machines});
  }

  // What the job wrote to its output, or the errors.
  std::string output_of(const Job& job) const {
    const auto built = support::await(io::run(build(job)));
    if (!built) return built.error().message;
    if (built->exit_status != 0) return built->errors;
    return content(state_dir + "/queue-runner/store" + io::last_meaningful_line(built->output));
  }

  // Of a builder for the architecture, in the machine's store. A sandbox sees its place from the root of its file
  // system, and /tmp may be one of its own.
  testing::Matcher<std::string> is_output_of(const std::string& architecture) const {
    const std::string from = state_dir.substr(state_dir.rfind('/'));
    return AllOf(StartsWith(architecture + " /"), HasSubstr(from + "/local/" + machine.text + "/store/nix/store/"));
  }
};

TEST_F(LocalBuilds, BuildsAndTheOutputNamesTheMachine) {
  EXPECT_THAT(output_of({.name = "plain"}), is_output_of("x86_64"));
  EXPECT_TRUE(std::filesystem::is_empty(folder(machine) + "/tmp"));
}

TEST_F(LocalBuilds, BuildsForThe32BitSystem) {
  EXPECT_THAT(output_of({.name = "narrow", .system = "i686-linux"}), is_output_of("i686"));
}

TEST_F(LocalBuilds, OffersTheFeaturesOfItsPoolAndNoOthers) {
  EXPECT_THAT(output_of({.name = "offered", .features = R"([ "benchmark" ])"}), is_output_of("x86_64"));
  const std::string refused = output_of({.name = "refused", .features = R"([ "kvm" ])"});
  EXPECT_NE(refused.find("kvm"), std::string::npos) << refused;
  EXPECT_FALSE(refused.starts_with("x86_64 ")) << refused;
}

TEST_F(LocalBuilds, DoesNotShowTheBuilderThisHost) {
  const std::string output = output_of({.name = "walls", .command = "ls /etc /bin /root /home >> $out 2>&1 || true"});
  EXPECT_EQ(output.find("shadow"), std::string::npos) << output;
  EXPECT_NE(output.find("/root: No such file"), std::string::npos) << output;
}

TEST_F(LocalBuilds, RunAsUsersOfTheMachineWhoMayNotWriteToThisHost) {
  const std::string output =
      output_of({.name = "weak", .command = std::string(says_its_uid) + opens_files_of_this_host});
  const auto uids = uids_of({folder(machine)});
  ASSERT_TRUE(uids && *uids);
  EXPECT_GE((*uids)->first, 1'900'000'000U);
  EXPECT_EQ(output, fmt::format("{}\n", (*uids)->first));
}

TEST_F(LocalBuilds, MayNotWriteToTheFilesOfThisHostThatFixedOutputsSee) {
  const std::string first_line = "\n    echo closed > $out";
  const std::string output =
      output_of({.name = "fixed", .command = first_line + opens_files_of_this_host, .content = "closed"});
  EXPECT_EQ(output, "closed\n");
}

TEST_F(LocalBuilds, RunAsRootOnlyWhereTheyAreTrusted) {
  std::get<LocalSettings>(pool.provider).trust_builds = true;
  ASSERT_TRUE(support::await(provider.stop({.machine = machine, .instance = {}}, pool)));
  const auto started = support::await(provider.start({.machine = machine, .instance = {}}, pool));
  ASSERT_TRUE(started) << started.error().message;
  EXPECT_EQ(output_of({.name = "strong", .command = says_its_uid}), "0\n");
}

TEST_F(LocalBuilds, UsesItsStoreAgainAfterAStop) {
  output_of({.name = "kept"});
  ASSERT_TRUE(support::await(provider.stop({.machine = machine, .instance = {}}, pool)));
  const auto started = support::await(provider.start({.machine = machine, .instance = {}}, pool));
  ASSERT_TRUE(started) << started.error().message;
  const auto paths = content(folder(machine) + "/store/nix/var/nix/db/db.sqlite");
  EXPECT_NE(paths.find("-kept"), std::string::npos);
  EXPECT_THAT(output_of({.name = "next"}), is_output_of("x86_64"));
}

// This host's store is an empty one, which only this process and its children see.
class LocalBuildsInThisHostsStore : public LocalBuilds {
 protected:
  void SetUp() override {
    const auto nix_store = io::find_program("nix-store");
    if (!nix_store || std::filesystem::canonical(*nix_store).native().starts_with("/nix/"))
      GTEST_SKIP() << "Nix itself is in this host's store";
    if (has_build_users()) GTEST_SKIP() << "this host has users for builds";
    ASSERT_EQ(::unshare(CLONE_NEWNS), 0);
    ASSERT_EQ(::mount("none", "/", nullptr, MS_REC | MS_PRIVATE, nullptr), 0);
    std::filesystem::create_directories("/nix");
    ASSERT_EQ(::mount("tmpfs", "/nix", "tmpfs", 0, "mode=755"), 0);
    std::get<LocalSettings>(pool.provider).own_store = false;
    LocalBuilds::SetUp();
  }
  void TearDown() override {
    EXPECT_TRUE(support::await(provider.destroy({.machine = machine, .instance = {}}, pool)));
    ::umount2("/nix", MNT_DETACH);
  }
};

TEST_F(LocalBuildsInThisHostsStore, RunAsUsersOfTheMachine) {
  const auto uids = uids_of({folder(machine)});
  ASSERT_TRUE(uids && *uids);
  EXPECT_EQ(output_of({.name = "shared", .command = says_its_uid}), fmt::format("{}\n", (*uids)->first));
}

// A build that runs until it is killed, and what happens meanwhile.
class LocalBuildsRunning : public LocalBuilds {
 protected:
  // No two test programs at a time have the same process id.
  const std::string argument = std::to_string(1'000'000 + ::getpid());

  std::vector<pid_t> builders() const { return processes_with(std::string("sleep\0", 6) + argument); }

  std::optional<Expected<io::Finished>> while_it_builds(const std::function<void()>& meanwhile) {
    const io::Command command = build({.name = "long", .command = "exec sleep " + argument});
    boost::asio::io_context context;
    std::optional<Expected<io::Finished>> result;
    boost::asio::co_spawn(context, io::run(command),
                          [&](std::exception_ptr, Expected<io::Finished> ended) { result = ended; });
    EXPECT_TRUE(eventually([&] {
      context.poll();
      return !builders().empty();
    }));
    meanwhile();
    context.run();
    return result;
  }
};

TEST_F(LocalBuildsRunning, EndWithTheMachine) {
  const auto result = while_it_builds(
      [&] { EXPECT_TRUE(support::await(provider.destroy({.machine = machine, .instance = {}}, pool))); });
  EXPECT_EQ(builders(), std::vector<pid_t>{});
  EXPECT_FALSE(std::filesystem::exists(folder(machine)));
  ASSERT_TRUE(result && *result);
  EXPECT_NE((*result)->exit_status, 0);
}

TEST_F(LocalBuildsRunning, ShowInWhyTheirMachineIsBroken) {
  while_it_builds([&] {
    kill_listener(machine);
    EXPECT_TRUE(eventually([&] {
      const auto inventory = support::await(provider.list({}));
      return inventory && inventory->instances.at(0).why == "its sshd is gone, builds still run";
    }));
    EXPECT_TRUE(support::await(provider.destroy({.machine = machine, .instance = {}}, pool)));
  });
}

TEST_F(LocalBuildsRunning, EndWithAMachineWhoseOtherProcessesWereKilled) {
  while_it_builds([&] {
    kill_listener(machine);
    const auto others = processes_with("HYDRA_PROVISIONER_MACHINE=" + folder(machine));
    for (const pid_t pid : others) ::kill(pid, SIGSTOP);  // else Nix may see that its client is gone, and end the build
    for (const pid_t pid : others) ::kill(pid, SIGKILL);
    EXPECT_FALSE(builders().empty()) << "Nix leaves them behind";
    EXPECT_TRUE(support::await(provider.destroy({.machine = machine, .instance = {}}, pool)));
  });
  EXPECT_EQ(builders(), std::vector<pid_t>{});
  EXPECT_FALSE(std::filesystem::exists(folder(machine)));
}

}  // namespace
}  // namespace hydra_provisioner::providers::local
