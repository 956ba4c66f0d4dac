#include "providers/local/gate.hpp"

#include <filesystem>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/support/temporary_folder.hpp"

namespace hydra_provisioner::providers::local {
namespace {

using testing::HasSubstr;

TEST(GateOfALocalMachine, IsNeitherClosedNorOpenedWhereItIsNotSeen) {
  const support::TemporaryFolder temporary;
  const MachineFolder folder{temporary.path};
  std::filesystem::create_directory(folder.gate());
  const auto closed = close_gate(folder);
  ASSERT_FALSE(closed);
  EXPECT_THAT(closed.error().message, HasSubstr(folder.gate() + ": nothing is mounted there"));
  EXPECT_FALSE(std::filesystem::exists(folder.gate_file()));
  EXPECT_FALSE(open_gate(folder));
}

}  // namespace
}  // namespace hydra_provisioner::providers::local
