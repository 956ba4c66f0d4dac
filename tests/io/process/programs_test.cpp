#include "io/process/programs.hpp"

#include <cstdlib>

#include <gtest/gtest.h>

#include "io/file/files.hpp"
#include "tests/support/temporary_folder.hpp"

namespace hydra_provisioner::io {
namespace {

TEST(Programs, AreFoundInPath) {
  const support::TemporaryFolder folder;
  ASSERT_TRUE(make_folder(folder.path + "/first/tool", 0755));
  ASSERT_TRUE(make_folder(folder.path + "/second", 0755));
  ASSERT_TRUE(replace_file(folder.path + "/first/other", "", 0644));
  ASSERT_TRUE(replace_file(folder.path + "/second/tool", "", 0755));
  ASSERT_TRUE(replace_file(folder.path + "/second/other", "", 0755));
  const std::string before = std::getenv("PATH");
  ::setenv("PATH", (folder.path + "/first::" + folder.path + "/second").c_str(), 1);
  EXPECT_EQ(find_program("tool"), folder.path + "/second/tool");
  EXPECT_EQ(find_program("other"), folder.path + "/second/other");
  ::setenv("PATH", before.c_str(), 1);
}

TEST(Programs, WithASlashAreTakenAsTheyAre) { EXPECT_EQ(find_program("./none"), "./none"); }

TEST(Programs, ThatAreMissingNameTheirPackage) {
  const std::string before = std::getenv("PATH");
  ::setenv("PATH", "/none", 1);
  EXPECT_EQ(find_program("nix-instantiate").error().message,
            "nix-instantiate: not found in PATH; install Debian's nix-bin");
  EXPECT_EQ(find_program("nixops").error().message, "nixops: not found in PATH");
  ::setenv("PATH", before.c_str(), 1);
}

}  // namespace
}  // namespace hydra_provisioner::io
