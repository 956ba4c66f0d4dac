#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <linux/capability.h>

#include <boost/asio/co_spawn.hpp>

#include "providers/local/build_users.hpp"
#include "tests/providers/local/machines.hpp"

namespace hydra_provisioner::providers::local {
namespace {

// Machines that are only folders. What they claim is in /run, for all machines of this host, so the tests use uids that
// no other test uses.
class BuildUsers : public testing::Test {
 protected:
  BuildUsers() {
    char name[] = "/tmp/build-users-test-XXXXXX";
    state_dir = ::mkdtemp(name);
  }
  ~BuildUsers() override { std::filesystem::remove_all(state_dir); }

  MachineFolder machine(const std::string& id) const {
    std::filesystem::create_directories(state_dir + "/" + id);
    return {state_dir + "/" + id};
  }
  Expected<Uids> claim(const MachineFolder& folder, uid_t count) {
    return support::await(claim_uids(folder, settings, count, clock));
  }

  std::string state_dir;
  io::SystemClock clock;
  LocalSettings settings{.first_uid = 1'700'000'000 + ::getpid() * 16LL % 100'000'000, .uids = 16};
  uid_t first = static_cast<uid_t>(settings.first_uid);
};

TEST_F(BuildUsers, AreDifferentForEachMachine) {
  EXPECT_EQ(claim(machine("a-1"), 4), (Uids{first, 4}));
  EXPECT_EQ(claim(machine("b-1"), 2), (Uids{first + 4, 2}));
  EXPECT_EQ(claim(machine("c-1"), 10), (Uids{first + 6, 10}));
  EXPECT_EQ(uids_of(machine("b-1")), (Uids{first + 4, 2}));
  EXPECT_EQ(uids_of(machine("d-1")), std::nullopt);
}

TEST_F(BuildUsers, StayWithAMachineThatStartsAgain) {
  ASSERT_TRUE(claim(machine("a-1"), 4));
  ASSERT_TRUE(claim(machine("b-1"), 2));
  std::filesystem::remove_all(state_dir + "/a-1");
  EXPECT_EQ(claim(machine("b-1"), 2), (Uids{first + 4, 2}));
  EXPECT_EQ(claim(machine("b-1"), 3), (Uids{first, 3})) << "it may have more builds at a time now";
}

TEST_F(BuildUsers, AreFreeWhenTheMachineIsGone) {
  ASSERT_TRUE(claim(machine("a-1"), 16));
  const auto none = claim(machine("b-1"), 1);
  ASSERT_FALSE(none);
  EXPECT_EQ(none.error().message, "no 1 adjacent uids are free of the 16 from " + std::to_string(first) +
                                      " on; destroy machines, or raise local.uids");
  std::filesystem::remove_all(state_dir + "/a-1");
  EXPECT_EQ(claim(machine("b-1"), 1), (Uids{first, 1}));
}

TEST_F(BuildUsers, AreNotThoseOfThisHost) {
  settings = {.first_uid = 65534, .uids = 1};
  const auto refused = claim(machine("a-1"), 1);
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().message,
            "uid 65534 is the user \"nobody\" of this host, and builds need uids of their own; set local.firstUid to "
            "the first of 1 free ones");
}

TEST(BuildUsersFiles, NameTheUsersForNix) {
  const Uids uids{.first = 1'900'000'002, .count = 2};
  EXPECT_EQ(passwd_text(uids, 1'900'000'000),
            "root:x:0:0::/root:/bin/sh\n"
            "hydra-build-1:x:1900000002:1900000000::/nonexistent:/bin/false\n"
            "hydra-build-2:x:1900000003:1900000000::/nonexistent:/bin/false\n");
  EXPECT_EQ(group_text(uids, 1'900'000'000), "root:x:0:\nhydra-builds:x:1900000000:hydra-build-1,hydra-build-2\n");
}

TEST(BuildUsersFiles, TheSessionOfThisHostsStoreLeavesTheStoreWhereItIs) {
  const MachineFolder folder{"/state/local/t-1"};
  const std::string own = session_text(folder, {.mount = "/usr/bin/mount"});
  const std::string shared = session_text(folder, {.mount = "/usr/bin/mount", .own_store = false});
  const std::string line = "/usr/bin/mount --bind /state/local/t-1/store /run/hydra-provisioner/store\n";
  EXPECT_NE(own.find(line), std::string::npos) << own;
  EXPECT_EQ(shared.find(line), std::string::npos) << shared;
  EXPECT_NE(shared.find("/usr/bin/mount --bind /state/local/t-1/passwd /etc/passwd\n"), std::string::npos) << shared;
}

class MachinesWithBuildUsers : public LocalMachines {
 protected:
  LocalProvider provider{Tag("t"), state_dir, clock};
};

// As in a container whose root may not become other users.
TEST_F(MachinesWithBuildUsers, AreRefusedWhereThisHostCannotHaveThem) {
  const std::string answer = state_dir + "/answer";
  const pid_t child = ::fork();
  if (child == 0) {
    ::prctl(PR_CAPBSET_DROP, CAP_SETUID, 0, 0, 0);
    const auto refused = support::await(provider.create({.machine = machine, .instance = {}}, pool));
    std::get<LocalSettings>(pool.provider).trust_builds = true;
    const auto trusted = support::await(provider.create({.machine = machine, .instance = {}}, pool));
    std::ofstream(answer) << (refused ? "accepted" : refused.error().message) << "\n"
                          << (trusted ? "accepted" : trusted.error().message);
    ::_exit(0);
  }
  ::waitpid(child, nullptr, 0);
  const std::string answers = content(answer);
  EXPECT_TRUE(answers.starts_with("this host cannot run builds as users of their own, as uids 1")) << answers;
  EXPECT_NE(answers.find("local.trustBuilds = true\naccepted"), std::string::npos) << answers;
}

// A build can leave its sandbox' root directory, and its nix-store may have been killed. Its uid stays.
TEST_F(MachinesWithBuildUsers, EndWhateverRunsAsTheirUids) {
  ASSERT_TRUE(support::await(provider.create({.machine = machine, .instance = {}}, pool)));
  const auto uids = uids_of({folder(machine)});
  ASSERT_TRUE(uids && *uids);
  const pid_t stray = ::fork();
  if (stray == 0) {
    ::setsid();
    const uid_t uid = (*uids)->first;
    if (::setresgid(uid, uid, uid) != 0 || ::setresuid(uid, uid, uid) != 0) ::_exit(1);
    ::execl("/bin/sleep", "sleep", "1000", nullptr);
    ::_exit(1);
  }
  ASSERT_TRUE(eventually([&] { return content("/proc/" + std::to_string(stray) + "/comm") == "sleep\n"; }));
  EXPECT_TRUE(support::await(provider.destroy({.machine = machine, .instance = {}}, pool)));
  EXPECT_TRUE(eventually([&] { return ::waitpid(stray, nullptr, WNOHANG) != 0; }));
}

}  // namespace
}  // namespace hydra_provisioner::providers::local
