#include "io/process/subprocess.hpp"

#include <algorithm>
#include <cerrno>
#include <csignal>
#include <cstdlib>
#include <exception>
#include <filesystem>
#include <functional>
#include <iterator>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <thread>

#include <fcntl.h>
#include <poll.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/cancellation_signal.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/posix/stream_descriptor.hpp>
#include <boost/system/system_error.hpp>

#include "io/file/descriptor.hpp"
#include "io/file/files.hpp"
#include "tests/support/await.hpp"
#include "tests/support/temporary_folder.hpp"

namespace hydra_provisioner::io {
namespace {

namespace asio = boost::asio;
using namespace std::chrono_literals;

constexpr auto long_enough = 60s;  // no test waits so long

Command shell(std::string script) { return {.argv = {"sh", "-c", std::move(script)}, .deadline = long_enough}; }

Finished finished(Command command) {
  auto result = support::await(run(std::move(command)));
  EXPECT_TRUE(result) << result.error().message;
  return result.value_or(Finished{});
}

std::string error_of(Command command) {
  const auto result = support::await(run_successfully(std::move(command)));
  return result ? "none" : result.error().message;
}

bool has_children() {
  siginfo_t info{};
  return ::waitid(P_ALL, 0, &info, WEXITED | WNOHANG | WNOWAIT) == 0;
}

// A FIFO that children hold open for writing: it ends when the last of them has ended.
class Lifeline {
 public:
  Lifeline() : path(folder_.path + "/lifeline") {
    EXPECT_EQ(::mkfifo(path.c_str(), 0600), 0);
    reader_ = Descriptor(::open(path.c_str(), O_RDONLY | O_NONBLOCK | O_CLOEXEC));
  }

  bool has_ended() {
    while (true) {
      char byte = 0;
      if (::read(reader_.number(), &byte, 1) == 0) return true;
      pollfd change{.fd = reader_.number(), .events = POLLIN, .revents = 0};
      if (::poll(&change, 1, 60'000) <= 0) return false;
    }
  }

  // Calls the handler once a child has written something.
  template <class Handler>
  void when_written(asio::io_context& context, Handler handler) {
    auto reader = std::make_shared<asio::posix::stream_descriptor>(context, ::dup(reader_.number()));
    reader->async_wait(asio::posix::stream_descriptor::wait_read, [reader, handler](auto) { handler(); });
  }

 private:
  support::TemporaryFolder folder_;

 public:
  const std::string path;

 private:
  Descriptor reader_;
};

TEST(Subprocess, ReturnsItsStatusAndBothOutputs) {
  const Finished child = finished(shell("echo out; echo err >&2; exit 3"));
  EXPECT_EQ(child.exit_status, 3);
  EXPECT_EQ(child.signal, 0);
  EXPECT_EQ(child.output, "out\n");
  EXPECT_EQ(child.errors, "err\n");
  EXPECT_FALSE(has_children());
}

TEST(Subprocess, NamesTheSignalThatEndedIt) {
  const Finished child = finished(shell("kill -KILL $$"));
  EXPECT_EQ(child.exit_status, 128 + SIGKILL);
  EXPECT_EQ(child.signal, SIGKILL);
}

TEST(Subprocess, ReadsItsInput) {
  const std::string input(3'000'000, 'x');
  EXPECT_EQ(finished({.argv = {"cat"}, .deadline = long_enough, .input = input, .output_bytes_max = 4'000'000}).output,
            input);
}

TEST(Subprocess, HasAnEmptyInputByDefault) {
  EXPECT_EQ(finished({.argv = {"cat"}, .deadline = long_enough}).output, "");
}

TEST(Subprocess, MayLeaveItsInputUnread) {
  EXPECT_EQ(finished({.argv = {"true"}, .deadline = long_enough, .input = std::string(1'000'000, 'x')}).exit_status, 0);
  EXPECT_EQ(
      finished(
          {.argv = {"sh", "-c", "exec <&-; echo done"}, .deadline = long_enough, .input = std::string(1'000'000, 'x')})
          .output,
      "done\n");
}

TEST(Subprocess, MayCloseItsOutputsLongBeforeItEnds) {
  EXPECT_EQ(finished(shell("exec >&- 2>&-; exit 4")).exit_status, 4);
}

TEST(Subprocess, HasOurEnvironmentWithTheAdditions) {
  ::setenv("HYDRA_PROVISIONER_KEPT", "kept", 1);
  ::setenv("HYDRA_PROVISIONER_REPLACED", "old", 1);
  Command command = shell("echo $HYDRA_PROVISIONER_KEPT $HYDRA_PROVISIONER_REPLACED; env | grep -c REPLACED");
  command.environment = {"HYDRA_PROVISIONER_REPLACED=new"};
  EXPECT_EQ(finished(std::move(command)).output, "kept new\n1\n");
  ::unsetenv("HYDRA_PROVISIONER_KEPT");
  ::unsetenv("HYDRA_PROVISIONER_REPLACED");
}

TEST(Subprocess, InheritsNoDescriptors) {
  const Descriptor leaky(::fcntl(STDERR_FILENO, F_DUPFD, 50));
  ASSERT_EQ(finished({.argv = {"test", "-e", "/proc/self/fd/2"}, .deadline = long_enough}).exit_status, 0);
  EXPECT_EQ(
      finished({.argv = {"test", "-e", "/proc/self/fd/" + std::to_string(leaky.number())}, .deadline = long_enough})
          .exit_status,
      1);
}

TEST(Subprocess, HasDefaultSignalsWhenOursAreNot) {
  sigset_t blocked;
  sigset_t before;
  ::sigemptyset(&blocked);
  ::sigaddset(&blocked, SIGTERM);
  ::sigprocmask(SIG_BLOCK, &blocked, &before);
  EXPECT_EQ(finished(shell("kill -TERM $$")).signal, SIGTERM);
  ::sigprocmask(SIG_SETMASK, &before, nullptr);
  EXPECT_EQ(finished(shell("kill -PIPE $$")).signal, SIGPIPE);
}

TEST(Subprocess, HasADeadline) {
  const auto result = support::await(run({.argv = {"/bin/sleep", "600"}, .deadline = 50ms}));
  ASSERT_FALSE(result);
  EXPECT_EQ(result.error(), (Error{"sleep did not finish within 0.05 s", ErrorKind::timed_out}));
  EXPECT_FALSE(has_children());
}

TEST(Subprocess, IsKilledWhenItPrintsTooMuch) {
  for (const std::string script : {"yes", "yes >&2"}) {
    Command command = shell(script);
    command.output_bytes_max = 64 * 1024;
    EXPECT_EQ(error_of(std::move(command)), "sh printed more than 64 KiB");
  }
  EXPECT_FALSE(has_children());
}

TEST(Subprocess, MayPrintUpToItsLimit) {
  Command command = shell("printf 12345");
  command.output_bytes_max = 5;
  EXPECT_EQ(finished(command).output, "12345");
  command.output_bytes_max = 4;
  EXPECT_EQ(error_of(command), "sh printed more than 4 bytes");
}

TEST(Subprocess, TakesItsGroupAlongWhenItEnds) {
  Lifeline group;
  EXPECT_EQ(finished(shell("exec 9>" + group.path + "; sleep 600 >&- 2>&- & echo done")).output, "done\n");
  EXPECT_TRUE(group.has_ended());
}

TEST(Subprocess, TakesItsGroupAlongWhenItsDeadlinePasses) {
  Lifeline group;
  Command command = shell("exec 9>" + group.path + "; sleep 600 & sleep 600");
  command.deadline = 50ms;
  EXPECT_EQ(support::await(run(std::move(command))).error().kind, ErrorKind::timed_out);
  EXPECT_TRUE(group.has_ended());
}

TEST(Subprocess, TakesItsGroupAlongWhenItPrintsTooMuch) {
  Lifeline group;
  EXPECT_EQ(error_of(shell("exec 9>" + group.path + "; sleep 600 & yes")), "sh printed more than 1 MiB");
  EXPECT_TRUE(group.has_ended());
}

class WatchedSubprocess : public testing::TestWithParam<bool> {
 protected:
  // Its output goes through pipes, or through files when it may outlive us.
  static Command shell(std::string script) {
    Command command = io::shell(std::move(script));
    command.may_outlive_us = GetParam();
    return command;
  }
  // A script that reads from the gate waits until it is opened.
  class Gate {
   public:
    explicit Gate(std::string path) : path(std::move(path)) {
      EXPECT_EQ(::mkfifo(this->path.c_str(), 0600), 0);
      end_ = Descriptor(::open(this->path.c_str(), O_RDWR | O_CLOEXEC));
    }
    void open() const { EXPECT_EQ(::write(end_.number(), "\n", 1), 1); }

    const std::string path;

   private:
    Descriptor end_;
  };

  static std::function<std::optional<Error>(std::string_view)> into(std::string& watched) {
    return [&watched](std::string_view piece) {
      watched += piece;
      return std::nullopt;
    };
  }

  const support::TemporaryFolder folder_;
};

INSTANTIATE_TEST_SUITE_P(EitherWay, WatchedSubprocess, testing::Bool());

TEST_P(WatchedSubprocess, GivesItsOutputWhileItRuns) {
  const Gate first(folder_.path + "/first");
  const Gate second(folder_.path + "/second");
  Command command = shell("echo out; read line <" + first.path + "; echo err >&2; read line <" + second.path);
  command.on_output = [&](std::string_view piece) -> std::optional<Error> {
    (piece == "out\n" ? first : second).open();
    return std::nullopt;
  };
  const Finished child = finished(std::move(command));
  EXPECT_EQ(child.exit_status, 0);
  EXPECT_EQ(child.output, "out\n");
  EXPECT_EQ(child.errors, "err\n");
}

TEST_P(WatchedSubprocess, GivesAllOfItsOutput) {
  constexpr int long_text = 300'000;
  std::string watched;
  Command command =
      shell("head -c 300000 /dev/zero | tr '\\0' o; head -c 300000 /dev/zero | tr '\\0' e >&2; printf '!'");
  command.on_output = into(watched);
  EXPECT_EQ(finished(std::move(command)).errors, std::string(long_text, 'e'));
  EXPECT_EQ(std::ranges::count(watched, 'o'), long_text);
  EXPECT_EQ(std::ranges::count(watched, 'e'), long_text);
  EXPECT_EQ(std::ranges::count(watched, '!'), 1);
}

TEST_P(WatchedSubprocess, GivesItsOutputAlsoWhenItsDeadlinePasses) {
  std::string watched;
  Command command = shell("echo said; sleep 600");
  command.deadline = 50ms;
  command.on_output = into(watched);
  while (watched.empty()) EXPECT_EQ(support::await(run(command)).error().kind, ErrorKind::timed_out);
  EXPECT_EQ(watched.substr(0, 5), "said\n");
}

TEST_P(WatchedSubprocess, EndsWithItsGroupWhenItsOutputIsRejected) {
  Lifeline group;
  const Error rejection{"no capacity", ErrorKind::refused};
  for (const std::string redirection : {"", " >&2"}) {
    Command command = shell("exec 9>" + group.path + "; sleep 100000 & echo hopeless" + redirection + "; wait");
    command.deadline = 24h;
    command.on_output = [&](std::string_view) { return rejection; };
    const auto result = support::await(run(std::move(command)));
    ASSERT_FALSE(result);
    EXPECT_EQ(result.error(), rejection);
  }
  EXPECT_TRUE(group.has_ended());
  EXPECT_FALSE(has_children());
}

TEST_P(WatchedSubprocess, GivesNoOutputAfterARejection) {
  const std::string both_printed = folder_.path + "/printed";
  int rejections = 0;
  Command command = shell("echo first; echo out; echo err >&2; : >" + both_printed + "; sleep 600");
  command.on_output = [&](std::string_view) -> std::optional<Error> {
    while (!std::filesystem::exists(both_printed)) std::this_thread::yield();
    return Error{"enough", ++rejections == 1 ? ErrorKind::refused : ErrorKind::failed};
  };
  EXPECT_EQ(support::await(run(std::move(command))).error().kind, ErrorKind::refused);
  EXPECT_EQ(rejections, 1);
}

// As an ssh ControlMaster does, which has a session of its own and keeps our pipes open.
TEST(Subprocess, IsNotWaitedForWhenOnlyADaemonKeepsItsPipes) {
  const support::TemporaryFolder folder;
  const std::string fifo = folder.path + "/id";
  ASSERT_EQ(::mkfifo(fifo.c_str(), 0600), 0);
  const Finished child =
      finished(shell("setsid sh -c 'echo $$ >" + fifo + "; exec sleep 600' & read id <" + fifo + "; echo $id"));
  const pid_t daemon = static_cast<pid_t>(std::stol(child.output));
  EXPECT_EQ(::kill(daemon, SIGKILL), 0) << "it was taken along";
}

// A script that starts a process with a session of its own, waits until it runs, and ends.
std::string leaving_a_daemon(const Lifeline& daemon, const std::string& fifo, const std::string& redirection) {
  EXPECT_EQ(::mkfifo(fifo.c_str(), 0600), 0);
  return "setsid sh -c 'exec 9>" + daemon.path + redirection + "; echo $$ >" + fifo + "; exec sleep 600' & read id <" +
         fifo + "; echo $id";
}

TEST(Subprocess, KillsWhatKeepsItsPipesWhenToldTo) {
  for (const std::string afterwards : {"", "; sleep 600"}) {
    Lifeline daemon;
    const support::TemporaryFolder folder;
    Command command = shell(leaving_a_daemon(daemon, folder.path + "/id", "") + afterwards);
    if (!afterwards.empty()) command.deadline = 500ms;
    command.kills_leftovers = true;
    EXPECT_EQ(support::await(run(std::move(command))).has_value(), afterwards.empty());
    EXPECT_TRUE(daemon.has_ended());
  }
}

TEST(Subprocess, SparesADaemonThatHasClosedItsPipes) {
  const Lifeline lifeline;
  const support::TemporaryFolder folder;
  Command command = shell(leaving_a_daemon(lifeline, folder.path + "/id", " >/dev/null 2>&1"));
  command.kills_leftovers = true;
  const pid_t daemon = static_cast<pid_t>(std::stol(finished(std::move(command)).output));
  EXPECT_EQ(::kill(daemon, SIGKILL), 0) << "it was taken along";
}

TEST_P(WatchedSubprocess, GivesOnlyStderrWhenToldTo) {
  std::string watched;
  Command command = shell("echo out; echo err >&2");
  command.watches_stdout = false;
  command.on_output = into(watched);
  EXPECT_EQ(finished(std::move(command)).output, "out\n");
  EXPECT_EQ(watched, "err\n");
}

TEST(Subprocess, EndsWhenItsWaiterIsCancelled) {
  Lifeline group;
  asio::io_context context;
  asio::cancellation_signal cancel;
  std::exception_ptr thrown;
  asio::co_spawn(context, run(shell("exec 9>" + group.path + "; echo started >&9; sleep 600 & cat /dev/zero >&9")),
                 asio::bind_cancellation_slot(cancel.slot(),
                                              [&](std::exception_ptr exception, const auto&) { thrown = exception; }));
  group.when_written(context, [&] { cancel.emit(asio::cancellation_type::terminal); });
  context.run();

  ASSERT_TRUE(thrown);
  try {
    std::rethrow_exception(thrown);
  } catch (const boost::system::system_error& error) {
    EXPECT_EQ(error.code(), asio::error::operation_aborted);
  }
  EXPECT_TRUE(group.has_ended());
  EXPECT_FALSE(has_children());
}

TEST(Subprocess, EndsWhenItsWaiterIsDestroyed) {
  Lifeline group;
  {
    asio::io_context context;
    asio::co_spawn(context, run(shell("exec 9>" + group.path + "; echo started >&9; sleep 600 & wait")),
                   [](std::exception_ptr, const auto&) { ADD_FAILURE() << "it ended by itself"; });
    group.when_written(context, [&] { context.stop(); });
    context.run();
  }
  EXPECT_TRUE(group.has_ended());
  EXPECT_FALSE(has_children());
}

TEST(Subprocess, LeavesNoDescriptorsBehind) {
  const auto open_descriptors = [] {
    return std::distance(std::filesystem::directory_iterator("/proc/self/fd"), std::filesystem::directory_iterator());
  };
  const auto before = open_descriptors();
  finished({.argv = {"cat"}, .deadline = long_enough, .input = "x"});
  EXPECT_EQ(error_of({.argv = {"/none"}, .deadline = long_enough}), "cannot run /none: No such file or directory");
  EXPECT_EQ(open_descriptors(), before);
}

TEST(Subprocess, ThatCannotStartSaysWhy) {
  const support::TemporaryFolder folder;
  const std::string script = folder.path + "/script";
  ASSERT_TRUE(replace_file(script, "#!/none/interpreter\n", 0644));
  EXPECT_EQ(error_of({.argv = {script}, .deadline = long_enough}), "cannot run " + script + ": Permission denied");
  ::chmod(script.c_str(), 0755);
  EXPECT_EQ(error_of({.argv = {script}, .deadline = long_enough}),
            "cannot run " + script + ": the interpreter it names does not exist");
  EXPECT_EQ(error_of({.argv = {"no-such-program"}, .deadline = long_enough}), "no-such-program: not found in PATH");
  EXPECT_EQ(error_of({.argv = {}, .deadline = long_enough}), "a command without a program");
}

TEST(Subprocess, ThatFailsIsAnErrorOfRunSuccessfully) {
  EXPECT_EQ(error_of(shell("exit 0")), "none");
  EXPECT_EQ(error_of(shell("exit 2")), "sh exited with 2");
  EXPECT_EQ(error_of(shell("echo first >&2; echo second >&2; exit 2")), "sh exited with 2: \"second\"");
  EXPECT_EQ(error_of(shell("echo said; exit 2")), "sh exited with 2: \"said\"");
  EXPECT_EQ(error_of(shell("kill -KILL $$")), "sh was ended by signal 9 (Killed)");
  EXPECT_EQ(error_of({.argv = {"/bin/sh", "-c", "exit 130"}, .deadline = long_enough}), "sh exited with 130");
}

}  // namespace
}  // namespace hydra_provisioner::io
