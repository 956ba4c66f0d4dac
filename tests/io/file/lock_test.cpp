#include "io/file/lock.hpp"

#include <filesystem>
#include <string>

#include <sys/wait.h>
#include <unistd.h>

#include <gtest/gtest.h>

#include "io/file/files.hpp"
#include "tests/support/temporary_folder.hpp"

namespace hydra_provisioner::io {
namespace {

class Locks : public testing::Test {
 protected:
  std::string path(const std::string& name) const { return folder_.path + "/" + name; }
  bool has_files() const { return !std::filesystem::is_empty(folder_.path); }

 private:
  support::TemporaryFolder folder_;
};

TEST_F(Locks, ExcludeOneAnother) {
  auto first = FileLock::try_acquire(path("lock"));
  ASSERT_TRUE(first && *first);
  EXPECT_TRUE(FileLock::is_held(path("lock")));
  const auto second = FileLock::try_acquire(path("lock"));
  ASSERT_TRUE(second);
  EXPECT_FALSE(*second);

  first->reset();
  EXPECT_FALSE(FileLock::is_held(path("lock")));
  EXPECT_TRUE(*FileLock::try_acquire(path("lock")));
}

TEST_F(Locks, AreNotHeldWhereThereIsNoFile) {
  EXPECT_FALSE(FileLock::is_held(path("none")));
  EXPECT_FALSE(has_files());
}

TEST_F(Locks, AreHeldAsLongAsAChildHoldsThem) {
  auto lock = FileLock::try_acquire(path("lock"));
  ASSERT_TRUE(lock && *lock);
  int ends[2];
  ASSERT_EQ(::pipe(ends), 0);
  const pid_t child = ::fork();
  if (child == 0) {
    char byte = 0;
    ::_exit(::read(ends[0], &byte, 1) == 1 ? 0 : 1);
  }
  lock->reset();
  EXPECT_TRUE(FileLock::is_held(path("lock")));
  EXPECT_FALSE(*FileLock::try_acquire(path("lock")));

  ASSERT_EQ(::write(ends[1], "x", 1), 1);
  ::waitpid(child, nullptr, 0);
  ::close(ends[0]);
  ::close(ends[1]);
  EXPECT_FALSE(FileLock::is_held(path("lock")));
}

TEST_F(Locks, MayBeRemovedByTheirHolder) {
  auto lock = FileLock::try_acquire(path("lock"));
  ASSERT_TRUE(lock && *lock);
  ASSERT_TRUE(remove_all(path("lock")));
  EXPECT_FALSE(FileLock::is_held(path("lock")));
  const auto next = FileLock::try_acquire(path("lock"));
  ASSERT_TRUE(next && *next);
  lock->reset();
  EXPECT_TRUE(FileLock::is_held(path("lock")));
}

TEST_F(Locks, NeedAFolder) {
  EXPECT_EQ(FileLock::try_acquire(path("none/lock")).error().message,
            "cannot lock " + path("none/lock") + ": No such file or directory");
}

}  // namespace
}  // namespace hydra_provisioner::io
