#include "app/owner.hpp"

#include <filesystem>
#include <fstream>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include "tests/support/temporary_folder.hpp"

namespace hydra_provisioner::app {
namespace {

namespace fs = std::filesystem;
using testing::HasSubstr;

class OwnerOfAStateDirectory : public testing::Test {
 protected:
  support::TemporaryFolder folder_;
  std::string state_dir_ = folder_.path;
};

TEST_F(OwnerOfAStateDirectory, IsMadeOnceAndStays) {
  const auto first = owner_of(state_dir_);
  ASSERT_TRUE(first);
  EXPECT_EQ(first->text.size(), 36U);
  EXPECT_EQ(owner_of(state_dir_), first);
  EXPECT_EQ(known_owner_of(state_dir_), first);
  EXPECT_EQ(fs::status(state_dir_ + "/owner").permissions(), fs::perms::owner_read | fs::perms::owner_write);
  EXPECT_EQ(std::distance(fs::directory_iterator(state_dir_), {}), 1);
}

TEST_F(OwnerOfAStateDirectory, IsNotMadeByLooking) {
  EXPECT_EQ(known_owner_of(state_dir_), Owner{"none yet"});
  EXPECT_TRUE(fs::is_empty(state_dir_));
}

TEST_F(OwnerOfAStateDirectory, IsRefusedWhenItsFileIsDamaged) {
  std::ofstream(state_dir_ + "/owner") << "\n";
  const auto damaged = owner_of(state_dir_);
  ASSERT_FALSE(damaged);
  EXPECT_THAT(damaged.error().message, HasSubstr("this is no owner id"));
}

}  // namespace
}  // namespace hydra_provisioner::app
