#include "io/process/detached.hpp"

#include <fcntl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "io/file/descriptor.hpp"
#include "io/file/files.hpp"
#include "io/file/lock.hpp"
#include "tests/support/temporary_folder.hpp"

namespace hydra_provisioner::io {
namespace {

using testing::ElementsAre;

class Detached : public testing::Test {
 protected:
  static int status_of(pid_t child) {
    int status = 0;
    EXPECT_EQ(::waitpid(child, &status, 0), child);
    return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
  }

  static pid_t started(const DetachedCommand& command) {
    const auto child = spawn_detached(command);
    EXPECT_TRUE(child) << child.error().message;
    return child.value_or(-1);
  }

  std::string path(const std::string& name) const { return folder_.path + "/" + name; }
  std::string content(const std::string& name) const { return read_file(path(name), 1 << 20)->value_or("(none)"); }

  support::TemporaryFolder folder_;
};

TEST_F(Detached, ProcessesAppendBothOutputsToTheirLog) {
  ASSERT_TRUE(replace_file(path("log"), "before\n", 0644));
  EXPECT_EQ(status_of(started({.argv = {"sh", "-c", "echo out; echo $WORD >&2; cat; exit 3"},
                               .environment = {"WORD=err"},
                               .log_file = path("log")})),
            3);
  EXPECT_EQ(content("log"), "before\nout\nerr\n");
}

TEST_F(Detached, ProcessesNeedNoLog) { EXPECT_EQ(status_of(started({.argv = {"echo", "x"}})), 0); }

TEST_F(Detached, ProcessesHaveASessionOfTheirOwn) {
  int ends[2];
  ASSERT_EQ(::pipe2(ends, O_CLOEXEC), 0);
  const Descriptor theirs(ends[0]);
  Descriptor ours(ends[1]);
  const pid_t child = started({.argv = {"cat", "/proc/self/fd/3"}, .inherited_descriptor = theirs.number()});
  EXPECT_EQ(::getsid(child), child);
  EXPECT_EQ(::getpgid(child), child);
  ours = Descriptor();
  EXPECT_EQ(status_of(child), 0);
}

TEST_F(Detached, ProcessesKeepTheLockThatTheyInherit) {
  int ends[2];
  ASSERT_EQ(::pipe2(ends, O_CLOEXEC), 0);
  const Descriptor theirs(ends[0]);
  Descriptor ours(ends[1]);
  const std::string fifo_like = "/proc/" + std::to_string(::getpid()) + "/fd/" + std::to_string(theirs.number());
  auto lock = FileLock::try_acquire(path("lock"));
  ASSERT_TRUE(lock && *lock);
  const pid_t child = started({.argv = {"cat", fifo_like}, .inherited_descriptor = (*lock)->descriptor()});
  lock->reset();
  EXPECT_TRUE(FileLock::is_held(path("lock")));
  ours = Descriptor();
  EXPECT_EQ(status_of(child), 0);
  EXPECT_FALSE(FileLock::is_held(path("lock")));
}

TEST_F(Detached, ProcessesHaveNoneOfOurOtherDescriptors) {
  const Descriptor leaky(::fcntl(STDERR_FILENO, F_DUPFD, 50));
  const std::string listing = "test -e /proc/$$/fd/3 && ! test -e /proc/$$/fd/" + std::to_string(leaky.number());
  EXPECT_EQ(status_of(started({.argv = {"sh", "-c", listing}, .inherited_descriptor = leaky.number()})), 0);
}

TEST_F(Detached, ProcessesThatCannotStartSayWhy) {
  EXPECT_EQ(spawn_detached({.argv = {"no-such-program"}}).error().message, "no-such-program: not found in PATH");
  EXPECT_EQ(spawn_detached({.argv = {}}).error().message, "a command without a program");
  EXPECT_EQ(spawn_detached({.argv = {"true"}, .log_file = path("none/log")}).error().message,
            "cannot write " + path("none/log") + ": No such file or directory");
}

TEST(OwnScope, IsMadeWhereSystemdRunsTheHostAndLetsUs) {
  EXPECT_THAT(in_own_scope({"job", "1"}, {.is_systemd = true, .lets_us_make_scopes = true, .has_systemd_run = true}),
              ElementsAre("systemd-run", "--scope", "--quiet", "--collect", "--", "job", "1"));
}

TEST(OwnScope, IsDoneWithoutElsewhere) {
  const std::vector<std::string> job{"job", "1"};
  EXPECT_EQ(in_own_scope(job, {.is_systemd = false, .lets_us_make_scopes = true, .has_systemd_run = true}), job);
  EXPECT_EQ(in_own_scope(job, {.is_systemd = true, .lets_us_make_scopes = false, .has_systemd_run = true}), job);
  EXPECT_EQ(in_own_scope(job, {.is_systemd = true, .lets_us_make_scopes = true, .has_systemd_run = false}), job);
}

}  // namespace
}  // namespace hydra_provisioner::io
