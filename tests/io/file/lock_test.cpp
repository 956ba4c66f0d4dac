#include "io/file/lock.hpp"

#include <chrono>
#include <filesystem>
#include <string>

#include <sys/wait.h>
#include <unistd.h>

#include <gtest/gtest.h>

#include "io/file/files.hpp"
#include "tests/support/await.hpp"
#include "tests/support/temporary_folder.hpp"

namespace hydra_provisioner::io {
namespace {

using std::chrono::milliseconds;

class Locks : public testing::Test {
 protected:
  std::string path(const std::string& name) const { return folder_.path + "/" + name; }

 private:
  support::TemporaryFolder folder_;
};

// Its time passes only in sleep_for(), which releases the lock after 100 ms.
class EventfulClock final : public Clock {
 public:
  Instant now() const override { return from_unix(0); }
  Task<void> sleep_for(milliseconds duration) override {
    slept += duration;
    if (slept >= milliseconds{100}) release.reset();
    co_return;
  }

  milliseconds slept{0};
  std::optional<FileLock> release{};
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
  EXPECT_FALSE(std::filesystem::exists(path("none")));
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

TEST_F(Locks, AreWaitedFor) {
  EventfulClock clock;
  clock.release = *FileLock::try_acquire(path("lock"));
  const auto lock = support::await(acquire_lock(path("lock"), clock, milliseconds{1000}));
  EXPECT_TRUE(lock && *lock);
  EXPECT_EQ(clock.slept, milliseconds{100});
}

TEST_F(Locks, AreWaitedForNoLongerThanSaid) {
  EventfulClock clock;
  const auto held = FileLock::try_acquire(path("lock"));
  const auto lock = support::await(acquire_lock(path("lock"), clock, milliseconds{1000}));
  ASSERT_TRUE(lock);
  EXPECT_FALSE(*lock);
  EXPECT_EQ(clock.slept, milliseconds{1000});
}

}  // namespace
}  // namespace hydra_provisioner::io
