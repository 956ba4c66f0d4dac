#include "publish/read_machines_file.hpp"

#include <string>

#include <gtest/gtest.h>

namespace hydra_provisioner::publish {
namespace {

using Names = std::set<std::string>;

std::string error_of(const std::string& content) {
  const auto machines = read_machines_file(content);
  return machines ? "none" : machines.error().message;
}

TEST(ReadMachinesFile, ReadsEightColumns) {
  const auto machines = read_machines_file(
      "# a comment\n\nroot@a i686-linux,x86_64-linux /key 4 2 benchmark,kvm kvm c3NoLXJzYSBBQUFB # another\n");
  ASSERT_TRUE(machines);
  EXPECT_EQ(machines->at("root@a"), (MachineLine{.systems = {"i686-linux", "x86_64-linux"},
                                                 .ssh_key = "/key",
                                                 .max_jobs = 4,
                                                 .speed_factor = 2,
                                                 .supported = {"benchmark", "kvm"},
                                                 .mandatory = {"kvm"},
                                                 .host_key = "ssh-rsa AAAA"}));
}

TEST(ReadMachinesFile, TakesAMinusForAMissingValue) {
  const auto machines = read_machines_file("root@a x86_64-linux - 0 1 - - -\n");
  ASSERT_TRUE(machines);
  EXPECT_EQ(machines->at("root@a"), (MachineLine{.systems = {"x86_64-linux"},
                                                 .ssh_key = std::nullopt,
                                                 .max_jobs = 0,
                                                 .speed_factor = 1,
                                                 .supported = {},
                                                 .mandatory = {}}));
}

TEST(ReadMachinesFile, KeepsTheLaterOfTwoLinesWithOneName) {
  const auto machines = read_machines_file("root@a x86_64-linux - 1 1 - - -\nroot@a x86_64-linux - 2 1 - - -");
  ASSERT_TRUE(machines);
  EXPECT_EQ(machines->size(), 1u);
  EXPECT_EQ(machines->at("root@a").max_jobs, 2);
}

TEST(ReadMachinesFile, RefusesWhatTheParsersOfTheQueueRunnerReadDifferently) {
  EXPECT_EQ(error_of("root@a x86_64-linux\n"), "root@a x86_64-linux: 2 columns");
  EXPECT_EQ(error_of("root@a x86_64-linux - 1 1 - - - x"), "root@a x86_64-linux - 1 1 - - - x: 9 columns");
  for (const std::string line :
       {"@/etc/machines x86_64-linux - 1 1 - - -", "root@a x86_64-linux - 1 1 - - -;b",
        "ssh://a x86_64-linux - 1 1 - - -", "root@a x86_64-linux - - 1 - - -", "root@a x86_64-linux - -1 1 - - -",
        "root@a x86_64-linux - 4294967296 1 - - -", "root@a x86_64-linux - 1 0 - - -",
        "root@a x86_64-linux - 1 1.5 - - -", "root@a x86_64-linux - 1 1 - kvm -", "root@a x86_64-linux - 1 1 - - AAA"})
    EXPECT_NE(error_of(line), "none") << line;
}

TEST(MachineLine, SupportsStepsWithItsMandatoryAndSupportedFeatures) {
  MachineLine line;
  line.systems = {"x86_64-linux"};
  line.supported = {"benchmark", "kvm"};
  line.mandatory = {"kvm"};
  EXPECT_TRUE(line.supports("x86_64-linux", {"kvm"}));
  EXPECT_TRUE(line.supports("x86_64-linux", {"benchmark", "kvm"}));
  EXPECT_FALSE(line.supports("x86_64-linux", {}));
  EXPECT_FALSE(line.supports("x86_64-linux", {"kvm", "big-parallel"}));
  EXPECT_FALSE(line.supports("aarch64-linux", {"kvm"}));
}

}  // namespace
}  // namespace hydra_provisioner::publish
