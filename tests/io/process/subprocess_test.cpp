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

#include "io/file/files.hpp"
#include "tests/support/await.hpp"
#include "tests/support/temporary_folder.hpp"

namespace hydra_provisioner::io {
namespace {

namespace asio = boost::asio;
using namespace std::chrono_literals;
using testing::EndsWith;

constexpr auto long_enough = 60s;  // no test waits for it

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

// A FIFO that children hold open for writing, so that its end is the end of the last of them.
class Lifeline {
 public:
  Lifeline() : path(folder_.path + "/lifeline") {
    EXPECT_EQ(::mkfifo(path.c_str(), 0600), 0);
    reader_ = Descriptor(::open(path.c_str(), O_RDONLY | O_NONBLOCK | O_CLOEXEC));
  }

  bool has_ended() {
    for (;;) {
      char byte = 0;
      if (::read(reader_.number(), &byte, 1) == 0) return true;
      pollfd change{.fd = reader_.number(), .events = POLLIN, .revents = 0};
      if (::poll(&change, 1, 60'000) <= 0) return false;
    }
  }

  // Once a child has written something.
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

TEST(Subprocess, GivesStatusAndBothOutputs) {
  const Finished child = finished(shell("echo out; echo err >&2; exit 3"));
  EXPECT_EQ(child.exit_status, 3);
  EXPECT_EQ(child.signal, 0);
  EXPECT_EQ(child.output, "out\n");
  EXPECT_EQ(child.errors, "err\n");
  EXPECT_FALSE(has_children());
}

TEST(Subprocess, SaysWhichSignalEndedIt) {
  const Finished child = finished(shell("kill -KILL $$"));
  EXPECT_EQ(child.exit_status, 128 + SIGKILL);
  EXPECT_EQ(child.signal, SIGKILL);
}

TEST(Subprocess, ReadsItsInput) {
  const std::string input(3'000'000, 'x');
  EXPECT_EQ(finished({.argv = {"cat"}, .deadline = long_enough, .input = input, .output_bytes_max = 4'000'000}).output,
            input);
}

TEST(Subprocess, HasAnEmptyInputOtherwise) {
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

TEST(Subprocess, SeesOurEnvironmentWithTheAdditions) {
  ::setenv("HYDRA_PROVISIONER_KEPT", "kept", 1);
  ::setenv("HYDRA_PROVISIONER_REPLACED", "old", 1);
  Command command = shell("echo $HYDRA_PROVISIONER_KEPT $HYDRA_PROVISIONER_REPLACED; env | grep -c REPLACED");
  command.environment = {"HYDRA_PROVISIONER_REPLACED=new"};
  EXPECT_EQ(finished(std::move(command)).output, "kept new\n1\n");
  ::unsetenv("HYDRA_PROVISIONER_KEPT");
  ::unsetenv("HYDRA_PROVISIONER_REPLACED");
}

TEST(Subprocess, HasNoneOfOurDescriptors) {
  const Descriptor leaky(::fcntl(STDERR_FILENO, F_DUPFD, 50));
  ASSERT_EQ(finished({.argv = {"test", "-e", "/proc/self/fd/2"}, .deadline = long_enough}).exit_status, 0);
  EXPECT_EQ(
      finished({.argv = {"test", "-e", "/proc/self/fd/" + std::to_string(leaky.number())}, .deadline = long_enough})
          .exit_status,
      1);
}

TEST(Subprocess, HasDefaultSignalsWhateverOursAre) {
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

TEST(Subprocess, PrintsOnlySoMuch) {
  for (const std::string script : {"yes", "yes >&2"}) {
    Command command = shell(script);
    command.output_bytes_max = 64 * 1024;
    EXPECT_EQ(error_of(std::move(command)), "sh printed more than 64 KiB");
  }
  EXPECT_FALSE(has_children());
}

TEST(Subprocess, PrintsAsMuchAsItMay) {
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

TEST(Subprocess, TakesItsGroupAlongWhenItSaysTooMuch) {
  Lifeline group;
  EXPECT_EQ(error_of(shell("exec 9>" + group.path + "; sleep 600 & yes")), "sh printed more than 1 MiB");
  EXPECT_TRUE(group.has_ended());
}

class OverheardSubprocess : public testing::TestWithParam<bool> {
 protected:
  // Through pipes, or through files when it may outlive us.
  static Command shell(std::string script) {
    Command command = io::shell(std::move(script));
    command.may_outlive_us = GetParam();
    return command;
  }
  // One that goes on only when it is told to.
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

  static std::function<std::optional<Error>(std::string_view)> into(std::string& heard) {
    return [&heard](std::string_view piece) {
      heard += piece;
      return std::nullopt;
    };
  }

  const support::TemporaryFolder folder_;
};

INSTANTIATE_TEST_SUITE_P(EitherWay, OverheardSubprocess, testing::Bool());

TEST_P(OverheardSubprocess, IsHeardWhileItRuns) {
  const Gate first(folder_.path + "/first");
  const Gate second(folder_.path + "/second");
  Command command = shell("echo out; read line <" + first.path + "; echo err >&2; read line <" + second.path);
  command.overhear = [&](std::string_view piece) -> std::optional<Error> {
    (piece == "out\n" ? first : second).open();
    return std::nullopt;
  };
  const Finished child = finished(std::move(command));
  EXPECT_EQ(child.exit_status, 0);
  EXPECT_EQ(child.output, "out\n");
  EXPECT_EQ(child.errors, "err\n");
}

TEST_P(OverheardSubprocess, IsHeardToItsLastWord) {
  constexpr int long_text = 300'000;
  std::string heard;
  Command command =
      shell("head -c 300000 /dev/zero | tr '\\0' o; head -c 300000 /dev/zero | tr '\\0' e >&2; printf '!'");
  command.overhear = into(heard);
  EXPECT_EQ(finished(std::move(command)).errors, std::string(long_text, 'e'));
  EXPECT_EQ(std::ranges::count(heard, 'o'), long_text);
  EXPECT_EQ(std::ranges::count(heard, 'e'), long_text);
  EXPECT_EQ(std::ranges::count(heard, '!'), 1);
}

TEST_P(OverheardSubprocess, IsHeardAlsoWhenItsDeadlinePasses) {
  std::string heard;
  Command command = shell("echo said; sleep 600");
  command.deadline = 50ms;
  command.overhear = into(heard);
  while (heard.empty()) EXPECT_EQ(support::await(run(command)).error().kind, ErrorKind::timed_out);
  EXPECT_EQ(heard.substr(0, 5), "said\n");
}

TEST_P(OverheardSubprocess, EndsWithItsGroupAtAnObjection) {
  Lifeline group;
  const Error objection{"no capacity", ErrorKind::refused};
  for (const std::string redirection : {"", " >&2"}) {
    Command command = shell("exec 9>" + group.path + "; sleep 100000 & echo hopeless" + redirection + "; wait");
    command.deadline = 24h;
    command.overhear = [&](std::string_view) { return objection; };
    const auto result = support::await(run(std::move(command)));
    ASSERT_FALSE(result);
    EXPECT_EQ(result.error(), objection);
  }
  EXPECT_TRUE(group.has_ended());
  EXPECT_FALSE(has_children());
}

TEST_P(OverheardSubprocess, IsNotHeardAfterAnObjection) {
  const std::string both_said = folder_.path + "/said";
  int objections = 0;
  Command command = shell("echo first; echo out; echo err >&2; : >" + both_said + "; sleep 600");
  command.overhear = [&](std::string_view) -> std::optional<Error> {
    while (!std::filesystem::exists(both_said)) std::this_thread::yield();
    return Error{"enough", ++objections == 1 ? ErrorKind::refused : ErrorKind::failed};
  };
  EXPECT_EQ(support::await(run(std::move(command))).error().kind, ErrorKind::refused);
  EXPECT_EQ(objections, 1);
}

// An ssh ControlMaster does so: it has a session of its own and keeps our pipes.
TEST(Subprocess, IsNotWaitedForWhenOnlyADaemonKeepsItsPipes) {
  const support::TemporaryFolder folder;
  const std::string fifo = folder.path + "/id";
  ASSERT_EQ(::mkfifo(fifo.c_str(), 0600), 0);
  const Finished child =
      finished(shell("setsid sh -c 'echo $$ >" + fifo + "; exec sleep 600' & read id <" + fifo + "; echo $id"));
  const pid_t daemon = static_cast<pid_t>(std::stol(child.output));
  EXPECT_EQ(::kill(daemon, SIGKILL), 0) << "it was taken along";
}

// Leaves a process with a session of its own, and ends once it is there.
std::string leaving_a_daemon(const Lifeline& daemon, const std::string& fifo, const std::string& redirection) {
  EXPECT_EQ(::mkfifo(fifo.c_str(), 0600), 0);
  return "setsid sh -c 'exec 9>" + daemon.path + redirection + "; echo $$ >" + fifo + "; exec sleep 600' & read id <" +
         fifo + "; echo $id";
}

TEST(Subprocess, TakesWhoeverKeepsItsPipesAlongWhereThatIsAskedFor) {
  for (const std::string afterwards : {"", "; sleep 600"}) {
    Lifeline daemon;
    const support::TemporaryFolder folder;
    Command command = shell(leaving_a_daemon(daemon, folder.path + "/id", "") + afterwards);
    if (!afterwards.empty()) command.deadline = 500ms;
    command.ends_hangers_on = true;
    EXPECT_EQ(support::await(run(std::move(command))).has_value(), afterwards.empty());
    EXPECT_TRUE(daemon.has_ended());
  }
}

TEST(Subprocess, SparesADaemonThatHasLetGoOfItsPipes) {
  const Lifeline lifeline;
  const support::TemporaryFolder folder;
  Command command = shell(leaving_a_daemon(lifeline, folder.path + "/id", " >/dev/null 2>&1"));
  command.ends_hangers_on = true;
  const pid_t daemon = static_cast<pid_t>(std::stol(finished(std::move(command)).output));
  EXPECT_EQ(::kill(daemon, SIGKILL), 0) << "it was taken along";
}

TEST_P(OverheardSubprocess, IsHeardOnlyOnStderrWhereThatIsAskedFor) {
  std::string heard;
  Command command = shell("echo out; echo err >&2");
  command.overhears_output = false;
  command.overhear = into(heard);
  EXPECT_EQ(finished(std::move(command)).output, "out\n");
  EXPECT_EQ(heard, "err\n");
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

TEST(Subprocess, ThatFailsIsAnErrorWhereSuccessIsExpected) {
  EXPECT_EQ(error_of(shell("exit 0")), "none");
  EXPECT_EQ(error_of(shell("exit 2")), "sh exited with 2");
  EXPECT_EQ(error_of(shell("echo first >&2; echo second >&2; exit 2")), "sh exited with 2: \"second\"");
  EXPECT_EQ(error_of(shell("echo said; exit 2")), "sh exited with 2: \"said\"");
  EXPECT_EQ(error_of(shell("kill -KILL $$")), "sh was ended by signal 9 (Killed)");
  EXPECT_EQ(error_of({.argv = {"/bin/sh", "-c", "exit 130"}, .deadline = long_enough}), "sh exited with 130");
}

TEST(LastMeaningfulLine, IsTheLastThatIsNotBlank) {
  EXPECT_EQ(last_meaningful_line(""), "");
  EXPECT_EQ(last_meaningful_line("\n \t\n"), "");
  EXPECT_EQ(last_meaningful_line("one"), "one");
  EXPECT_EQ(last_meaningful_line("a\u009b31mb\u0085c \u00a9"), "a 31mb c \u00a9");
  EXPECT_EQ(last_meaningful_line("Traceback:\n  File x\nException: ssh timed out\n\n"), "Exception: ssh timed out");
}

TEST(LastMeaningfulLine, IsNotTheSourceThatNixDrawsBelowItsError) {
  EXPECT_EQ(last_meaningful_line("warning: dirty\nerror: undefined variable 'x'\n\n       at /x.nix:1:9:\n\n"
                                 "            1| let a = x; in a\n             |         ^\n"),
            "error: undefined variable 'x'");
  EXPECT_EQ(last_meaningful_line("error:\n       … while calling\n         at /x.nix:1:1:\n\n       error: boo\n"),
            "error: boo");
}

TEST(LastMeaningfulLine, IsPlainAndShort) {
  EXPECT_EQ(last_meaningful_line("\x1b[31;1merror:\x1b[0m two\ttabs\x07\r\n"), "error: two tabs");
  EXPECT_EQ(last_meaningful_line("\x1b["), "");
  EXPECT_THAT(last_meaningful_line(std::string(1000, 'x')), EndsWith("xxx…"));
}

}  // namespace
}  // namespace hydra_provisioner::io
