#include "io/process/subprocess.hpp"

#include <algorithm>
#include <array>
#include <cerrno>
#include <csignal>
#include <cstring>  // sigdescr_np
#include <memory>
#include <optional>
#include <set>
#include <utility>

#include <fcntl.h>
#include <poll.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <fmt/format.h>
#include <boost/asio/as_tuple.hpp>
#include <boost/asio/buffer.hpp>
#include <boost/asio/experimental/awaitable_operators.hpp>
#include <boost/asio/multiple_exceptions.hpp>
#include <boost/asio/posix/stream_descriptor.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>

#include "io/async/gather.hpp"
#include "io/async/waypoint.hpp"
#include "io/file/descriptor.hpp"
#include "io/process/pidfd.hpp"
#include "io/process/processes.hpp"
#include "io/process/spawn.hpp"
#include "io/text/wording.hpp"

namespace hydra_provisioner::io {
namespace {

namespace asio = boost::asio;
using namespace asio::experimental::awaitable_operators;
using Stream = asio::posix::stream_descriptor;

Stream stream(const asio::any_io_executor& executor, Descriptor descriptor) {
  Stream result(executor);
  result.assign(descriptor.number());
  descriptor.release();
  return result;
}

struct Ending {
  int exit_status = 0;
  int signal = 0;
};

// A started child and its process group. The destructor kills the group and reaps the child.
class Child {
 public:
  Child(const asio::any_io_executor& executor, pid_t id) : id_(id), handle_(executor) {
    if (Descriptor handle(::pidfd_open(id, 0)); handle.is_open()) handle_ = stream(executor, std::move(handle));
  }
  Child(const Child&) = delete;
  Child& operator=(const Child&) = delete;
  ~Child() { reap(); }

  Stream& handle() { return handle_; }  // readable once the child has ended

  // Until the child is reaped, no other group can get the group's id, which is the child's.
  void kill_group() const {
    if (id_ > 0) ::kill(-id_, SIGKILL);
  }

  // Killed processes end at once, except for one that hangs in the kernel, say on a dead NFS server: it stays a zombie.
  Ending reap() {
    if (id_ <= 0) return {};
    kill_group();
    pollfd ended{.fd = handle_.native_handle(), .events = POLLIN, .revents = 0};
    while (::poll(&ended, 1, 2000) < 0 && errno == EINTR) {
    }
    siginfo_t info{};
    ::waitid(P_PID, static_cast<id_t>(std::exchange(id_, 0)), &info, WEXITED | WNOHANG);
    if (info.si_code == CLD_EXITED) return {.exit_status = info.si_status, .signal = 0};
    return {.exit_status = 128 + info.si_status, .signal = info.si_status};
  }

 private:
  pid_t id_;
  Stream handle_;
};

// Kills the processes that a child left behind with its pipes open. Must be destroyed after the child.
struct Leftovers {
  std::set<ino_t> pipes{};
  int open_ends = 0;  // of these pipes, at this moment

  Leftovers() = default;
  Leftovers(const Leftovers&) = delete;
  Leftovers& operator=(const Leftovers&) = delete;
  ~Leftovers() {
    if (open_ends > 0) kill_all(processes_holding(pipes));
  }

  void include(const Descriptor& pipe) {
    struct stat found{};
    if (::fstat(pipe.number(), &found) != 0) return;
    pipes.insert(found.st_ino);
    ++open_ends;
  }
};

// A child and its output. The coroutines below borrow it from run(), which waits for them.
struct RunningChild {
  RunningChild(const asio::any_io_executor& executor, pid_t id)
      : child(executor, id), output(executor), errors(executor), limit(executor) {}

  Leftovers leftovers;
  Child child;
  Stream output;
  Stream errors;
  asio::steady_timer limit;  // of the wait for its end and for that of its output
  Descriptor output_file{};  // used instead of the streams for a child that may outlive us
  Descriptor errors_file{};
  std::string output_text;
  std::string error_text;
  bool has_printed_too_much = false;
  std::optional<Error> rejection{};  // returned by on_output
  bool ended = false;                // the child, before its deadline
  bool is_over = false;              // the time for its output

  bool is_broken_off() const { return has_printed_too_much || rejection; }
  bool is_awaited() const { return !is_over && (!ended || output.is_open() || errors.is_open()); }
};

struct Pipe {
  Descriptor read_end;
  Descriptor write_end;
};

Expected<Pipe> make_pipe() {
  int ends[2];
  if (::pipe2(ends, O_CLOEXEC) != 0) return failure("cannot make a pipe: " + os_error(errno));
  return Pipe{Descriptor(ends[0]), Descriptor(ends[1])};
}

Expected<Descriptor> file_in_memory() {
  Descriptor file(::memfd_create("hydra-provisioner", MFD_CLOEXEC));
  if (!file.is_open()) return failure("cannot make a file in memory: " + os_error(errno));
  return file;
}

// Holds the whole input of a child before it starts, so that a child never takes a part of it for the whole, even when
// we are killed.
Expected<Descriptor> as_file(std::string_view text) {
  Expected<Descriptor> made = file_in_memory();
  if (!made) return made;
  if (!write_all(*made, text)) return failure("cannot write a file in memory: " + os_error(errno));
  ::lseek(made->number(), 0, SEEK_SET);
  return made;
}

// What a child writes to, and what we read from. Both are the same file for a child that may outlive us.
Expected<Pipe> make_outlet(const Command& command) {
  if (!command.may_outlive_us) return make_pipe();
  Expected<Descriptor> file = file_in_memory();
  if (!file) return std::unexpected(file.error());
  Descriptor same(::fcntl(file->number(), F_DUPFD_CLOEXEC, 3));
  if (!same.is_open()) return failure("cannot duplicate a descriptor: " + os_error(errno));
  return Pipe{*std::move(file), std::move(same)};
}

Expected<std::unique_ptr<RunningChild>> start(const asio::any_io_executor& executor, const Command& command) {
  const Expected<Descriptor> input = as_file(command.input);
  if (!input) return std::unexpected(input.error());
  Expected<Pipe> output = make_outlet(command);
  Expected<Pipe> errors = make_outlet(command);
  for (const Expected<Pipe>* pipe : {&output, &errors}) {
    if (!*pipe) return std::unexpected(pipe->error());
  }

  Inheritance inheritance;
  inheritance.give(input->number(), STDIN_FILENO);
  inheritance.give(output->write_end.number(), STDOUT_FILENO);
  inheritance.give(errors->write_end.number(), STDERR_FILENO);
  inheritance.nothing_else_from(3);

  const Expected<pid_t> id = spawn(command.argv, command.environment, inheritance, Group::of_its_own);
  if (!id) return std::unexpected(id.error());
  auto running = std::make_unique<RunningChild>(executor, *id);
  if (!running->child.handle().is_open()) return failure("cannot watch a child process");
  if (command.may_outlive_us) {
    running->output_file = std::move(output->read_end);
    running->errors_file = std::move(errors->read_end);
  } else {
    if (command.kills_leftovers) {
      running->leftovers.include(output->read_end);
      running->leftovers.include(errors->read_end);
    }
    running->output = stream(executor, std::move(output->read_end));
    running->errors = stream(executor, std::move(errors->read_end));
  }
  return running;
}

// The end of a pipe is returned as an error code; only a cancellation is an exception.
constexpr auto with_error = asio::as_tuple(asio::use_awaitable);

void throw_if_cancelled(const boost::system::error_code& error) {
  if (error == asio::error::operation_aborted) throw boost::system::system_error(error);
}

// Kills a child that prints too much, or something that on_output rejects. That ends everything else.
void take(std::string_view piece, std::string& into, const Command& command, RunningChild& running) {
  into.append(piece);
  const bool is_watched = command.watches_stdout || &into == &running.error_text;
  if (command.on_output && is_watched && !piece.empty()) running.rejection = command.on_output(piece);
  running.has_printed_too_much = into.size() > command.output_bytes_max;
  if (running.is_broken_off()) running.child.kill_group();
}

// Reads until the end of `from`.
Task<void> receive(Stream& from, std::string& into, const Command& command, RunningChild& running) {
  std::array<char, 16384> chunk;
  while (from.is_open()) {
    const auto [error, count] = co_await from.async_read_some(asio::buffer(chunk), with_error);
    if (error == asio::error::operation_aborted && running.is_over) co_return;
    throw_if_cancelled(error);
    if (!running.is_broken_off()) take({chunk.data(), count}, into, command, running);
    if (error) --running.leftovers.open_ends;
    if (error || running.is_broken_off()) from.close();
  }
  if (!running.is_awaited()) running.limit.cancel();
}

// A daemonised grandchild (an ssh ControlMaster) may hold our pipes open for hours,
// so after the child's exit we wait 200 ms for EOF and no longer.
Task<void> see_end(RunningChild& running) {
  const auto [error] = co_await running.child.handle().async_wait(Stream::wait_read, with_error);
  if (running.is_over) co_return;
  throw_if_cancelled(error);
  running.ended = true;
  const auto until = std::chrono::steady_clock::now() + std::chrono::milliseconds(200);
  running.limit.expires_at(std::min(until, running.limit.expiry()));  // ends the present wait for it
}

// Ends all waits when their time is over.
Task<void> keep_time(RunningChild& running) {
  while (running.is_awaited()) {
    const auto [error] = co_await running.limit.async_wait(with_error);
    if (error) continue;
    running.is_over = true;
    running.child.handle().cancel();
    running.output.close();
    running.errors.close();
  }
}

Task<void> read_pipes_until_end(RunningChild& running, const Command& command) {
  running.limit.expires_after(command.deadline);
  return run_all({[&] { return receive(running.output, running.output_text, command, running); },
                  [&] { return receive(running.errors, running.error_text, command, running); },
                  [&] { return see_end(running); }, [&] { return keep_time(running); }},
                 4);
}

// Reads what was written since the last time.
void read_on(const Descriptor& from, std::string& into, const Command& command, RunningChild& running) {
  std::array<char, 16384> chunk;
  while (!running.is_broken_off()) {
    const ssize_t count = ::pread(from.number(), chunk.data(), chunk.size(), static_cast<off_t>(into.size()));
    if (count <= 0) return;
    take({chunk.data(), static_cast<std::size_t>(count)}, into, command, running);
  }
}

void read_on(RunningChild& running, const Command& command) {
  read_on(running.output_file, running.output_text, command, running);
  read_on(running.errors_file, running.error_text, command, running);
}

Task<void> end_of(Child& child) { co_await child.handle().async_wait(Stream::wait_read, asio::use_awaitable); }

Task<void> pause(std::chrono::milliseconds duration) {
  asio::steady_timer timer(co_await asio::this_coro::executor, duration);
  co_await timer.async_wait(asio::use_awaitable);
}

// Polls, because there is no way to wait for a file to grow.
Task<void> keep_reading(RunningChild& running, const Command& command) {
  while (true) {
    read_on(running, command);
    co_await pause(std::chrono::milliseconds(50));
  }
}

Task<void> read_files_until_end(RunningChild& running, const Command& command) {
  co_await (keep_reading(running, command) || end_of(running.child));
  read_on(running, command);
  running.ended = true;
}

Task<void> read_files_until_deadline(RunningChild& running, const Command& command) {
  try {
    co_await (read_files_until_end(running, command) || pause(command.deadline));
  } catch (const asio::multiple_exceptions&) {
    // When cancelled, each of the parts throws; callers expect a single exception.
    throw boost::system::system_error(asio::error::operation_aborted);
  }
}

}  // namespace

Task<Expected<Finished>> run(Command command) {
  waypoint("subprocess.before-start");
  const Expected<std::unique_ptr<RunningChild>> started = start(co_await asio::this_coro::executor, command);
  if (!started) co_return std::unexpected(started.error());
  waypoint("subprocess.after-start");

  RunningChild& running = **started;
  const auto read = command.may_outlive_us ? read_files_until_deadline : read_pipes_until_end;
  co_await read(running, command);
  const Ending ending = running.child.reap();
  waypoint("subprocess.after-end");

  const std::string name = base_name(command.argv.front());
  if (running.rejection) co_return std::unexpected(*std::move(running.rejection));
  if (running.has_printed_too_much) {
    co_return failure(fmt::format("{} printed more than {}", name, byte_count(command.output_bytes_max)));
  }
  if (!running.ended) {
    co_return failure(fmt::format("{} did not finish within {}", name, seconds_text(command.deadline)),
                      ErrorKind::timed_out);
  }
  co_return Finished{.exit_status = ending.exit_status,
                     .output = std::move(running.output_text),
                     .errors = std::move(running.error_text),
                     .signal = ending.signal};
}

namespace {

// `exited with 1: "error: undefined variable 'x'"`
std::string how_it_ended(const Finished& finished) {
  std::string how = fmt::format("exited with {}", finished.exit_status);
  if (finished.signal != 0) {
    const char* description = ::sigdescr_np(finished.signal);
    how = fmt::format("was ended by signal {}", finished.signal);
    if (description != nullptr) how += fmt::format(" ({})", description);
  }
  std::string cause = last_meaningful_line(finished.errors);
  if (cause.empty()) cause = last_meaningful_line(finished.output);
  return cause.empty() ? how : fmt::format("{}: \"{}\"", how, cause);
}

}  // namespace

Task<Expected<Finished>> run_successfully(Command command) {
  const std::string name = command.argv.empty() ? "" : base_name(command.argv.front());
  Expected<Finished> finished = co_await run(std::move(command));
  if (finished && finished->exit_status != 0) co_return failure(name + " " + how_it_ended(*finished));
  co_return finished;
}

}  // namespace hydra_provisioner::io
