#include "providers/builder_orders.hpp"

#include <chrono>
#include <string>

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include "io/process/subprocess.hpp"
#include "tests/support/await.hpp"

namespace hydra_provisioner::providers {
namespace {

// What a shell prints that runs this where /run is a file system of the test's own.
io::Finished run_on_machine(const std::string& script) {
  const auto ended =
      support::await(io::run({.argv = {"unshare", "--mount", "sh", "-c", "mount -t tmpfs run /run; " + script},
                              .deadline = std::chrono::seconds{20}}));
  return ended.value_or(io::Finished{.exit_status = -1, .output = {}, .errors = "cannot run"});
}

constexpr const char* mount_gate = "mkdir /run/hydra-gate; mount -t tmpfs -o size=64k gate /run/hydra-gate; ";
constexpr const char* free_blocks = "; stat -f -c %a /run/hydra-gate; ";

class ShellCommands : public testing::Test {
 protected:
  void SetUp() override {
    if (::geteuid() != 0) GTEST_SKIP() << "needs root, to mount";
  }
  const std::string close = fmt::format("({})", shell_command_for(BuilderOrder::close));
  const std::string open = fmt::format("({})", shell_command_for(BuilderOrder::open));
};

TEST_F(ShellCommands, CloseAGateByFillingItAndOpenItAgain) {
  const io::Finished ended = run_on_machine(mount_gate + close + free_blocks + open + free_blocks + open);
  EXPECT_EQ(ended.exit_status, 0) << ended.errors;
  EXPECT_EQ(ended.output, "0\n16\n");
}

TEST_F(ShellCommands, LeaveAClosedGateAlone) {
  const std::string inode = "stat -c %i.%Y.%Z /run/hydra-gate/closed; ";
  const io::Finished ended =
      run_on_machine(mount_gate + close + "; touch -d @1000 /run/hydra-gate/closed; " + inode + close + "; " + inode);
  const auto half = ended.output.size() / 2;
  EXPECT_GT(half, 0) << ended.errors;
  EXPECT_EQ(ended.output.substr(0, half), ended.output.substr(half)) << "it was not open in between";
}

TEST_F(ShellCommands, DoNotFillAFolderThatIsNoGate) {
  const io::Finished ended = run_on_machine("mkdir /run/hydra-gate; " + close);
  EXPECT_EQ(ended.exit_status, 1);
  EXPECT_EQ(ended.errors, "/run/hydra-gate is no file system of its own\n");
}

}  // namespace
}  // namespace hydra_provisioner::providers
