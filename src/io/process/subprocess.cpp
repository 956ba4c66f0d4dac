#include "io/process/subprocess.hpp"

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
extern "C" {
#include <sys/pidfd.h>  // of glibc 2.36, which forgets that there is C++
}

#include <fmt/format.h>
#include <boost/asio/as_tuple.hpp>
#include <boost/asio/buffer.hpp>
#include <boost/asio/experimental/awaitable_operators.hpp>
#include <boost/asio/multiple_exceptions.hpp>
#include <boost/asio/posix/stream_descriptor.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>

#include "io/async/waypoint.hpp"
#include "io/file/files.hpp"
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

// A started child and its process group. When this goes, all of the group is dead and the child is reaped.
class Child {
 public:
  Child(const asio::any_io_executor& executor, pid_t id) : id_(id), handle_(executor) {
    if (Descriptor handle(::pidfd_open(id, 0)); handle.is_open()) handle_ = stream(executor, std::move(handle));
  }
  Child(const Child&) = delete;
  Child& operator=(const Child&) = delete;
  ~Child() { reap(); }

  Stream& handle() { return handle_; }  // readable once the child has ended

  // The group's id, which is the child's, cannot be anybody else's before the child is reaped.
  void kill_group() const {
    if (id_ > 0) ::kill(-id_, SIGKILL);
  }

  // The killed end within a moment, except for one that hangs in the kernel, say on a dead NFS server: it stays a
  // zombie.
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

// What the child leaves behind that holds its pipes, where it is not to outlive the child. To be destroyed after that.
struct HangersOn {
  std::set<ino_t> pipes{};
  int open_ends = 0;  // of these pipes, so far

  HangersOn() = default;
  HangersOn(const HangersOn&) = delete;
  HangersOn& operator=(const HangersOn&) = delete;
  ~HangersOn() {
    if (open_ends > 0) kill_all(processes_holding(pipes));
  }

  void include(const Descriptor& pipe) {
    struct stat found{};
    if (::fstat(pipe.number(), &found) != 0) return;
    pipes.insert(found.st_ino);
    ++open_ends;
  }
};

// A child and what is said between it and us. The coroutines below borrow it from run(), which waits for them.
struct Conversation {
  Conversation(const asio::any_io_executor& executor, pid_t id)
      : child(executor, id), output(executor), errors(executor) {}

  HangersOn hangers_on;
  Child child;
  Stream output;
  Stream errors;
  Descriptor output_file{};  // instead of the streams, for a child that may outlive us
  Descriptor errors_file{};
  std::string said;
  std::string complained;
  bool too_much = false;
  std::optional<Error> objection{};  // the listener's
  bool ended = false;                // the child, before its deadline

  bool is_broken_off() const { return too_much || objection; }
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
  Descriptor file(::memfd_create("nothing but its name in /proc", MFD_CLOEXEC));
  if (!file.is_open()) return failure("cannot make a file in memory: " + os_error(errno));
  return file;
}

// A child's whole input, before it begins: should we be killed meanwhile, it does not take a part for the whole.
Expected<Descriptor> as_file(std::string_view text) {
  Expected<Descriptor> made = file_in_memory();
  if (!made) return made;
  Descriptor& file = *made;
  while (!text.empty()) {
    const ssize_t count = ::write(file.number(), text.data(), text.size());
    if (count < 0 && errno != EINTR) return failure("cannot write a file in memory: " + os_error(errno));
    if (count > 0) text.remove_prefix(static_cast<std::size_t>(count));
  }
  ::lseek(file.number(), 0, SEEK_SET);
  return made;
}

// What a child writes to, and where we read it: the same for a file.
Expected<Pipe> make_outlet(const Command& command) {
  if (!command.may_outlive_us) return make_pipe();
  Expected<Descriptor> file = file_in_memory();
  if (!file) return std::unexpected(file.error());
  Descriptor same(::fcntl(file->number(), F_DUPFD_CLOEXEC, 3));
  if (!same.is_open()) return failure("cannot duplicate a descriptor: " + os_error(errno));
  return Pipe{*std::move(file), std::move(same)};
}

Expected<std::unique_ptr<Conversation>> start(const asio::any_io_executor& executor, const Command& command) {
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
  auto conversation = std::make_unique<Conversation>(executor, *id);
  if (!conversation->child.handle().is_open()) return failure("cannot watch a child process");
  if (command.may_outlive_us) {
    conversation->output_file = std::move(output->read_end);
    conversation->errors_file = std::move(errors->read_end);
  } else {
    if (command.ends_hangers_on) {
      conversation->hangers_on.include(output->read_end);
      conversation->hangers_on.include(errors->read_end);
    }
    conversation->output = stream(executor, std::move(output->read_end));
    conversation->errors = stream(executor, std::move(errors->read_end));
  }
  return conversation;
}

// A pipe's end is a value and no exception; that we are cancelled is one.
constexpr auto with_error = asio::as_tuple(asio::use_awaitable);

void throw_if_cancelled(const boost::system::error_code& error) {
  if (error == asio::error::operation_aborted) throw boost::system::system_error(error);
}

// A child that says too much, or something that the listener objects to, is killed, and thereby everything ends.
void take(std::string_view piece, std::string& into, const Command& command, Conversation& conversation) {
  into.append(piece);
  const bool is_heard = command.overhears_output || &into == &conversation.complained;
  if (command.overhear && is_heard && !piece.empty()) conversation.objection = command.overhear(piece);
  conversation.too_much = into.size() > command.output_bytes_max;
  if (conversation.is_broken_off()) conversation.child.kill_group();
}

// Until the end of `from`.
Task<void> receive(Stream& from, std::string& into, const Command& command, Conversation& conversation) {
  std::array<char, 16384> chunk;
  while (from.is_open()) {
    const auto [error, count] = co_await from.async_read_some(asio::buffer(chunk), with_error);
    throw_if_cancelled(error);
    if (!conversation.is_broken_off()) take({chunk.data(), count}, into, command, conversation);
    if (error) --conversation.hangers_on.open_ends;
    if (error || conversation.is_broken_off()) from.close();
  }
}

Task<void> listen(Conversation& conversation, const Command& command) {
  co_await (receive(conversation.output, conversation.said, command, conversation) &&
            receive(conversation.errors, conversation.complained, command, conversation));
}

// What has come since the last time.
void read_on(const Descriptor& from, std::string& into, const Command& command, Conversation& conversation) {
  std::array<char, 16384> chunk;
  while (!conversation.is_broken_off()) {
    const ssize_t count = ::pread(from.number(), chunk.data(), chunk.size(), static_cast<off_t>(into.size()));
    if (count <= 0) return;
    take({chunk.data(), static_cast<std::size_t>(count)}, into, command, conversation);
  }
}

void read_on(Conversation& conversation, const Command& command) {
  read_on(conversation.output_file, conversation.said, command, conversation);
  read_on(conversation.errors_file, conversation.complained, command, conversation);
}

Task<void> end_of(Child& child) { co_await child.handle().async_wait(Stream::wait_read, asio::use_awaitable); }

Task<void> pause(std::chrono::milliseconds duration) {
  asio::steady_timer timer(co_await asio::this_coro::executor, duration);
  co_await timer.async_wait(asio::use_awaitable);
}

// Files cannot be waited for.
Task<void> keep_reading(Conversation& conversation, const Command& command) {
  for (;;) {
    read_on(conversation, command);
    co_await pause(std::chrono::milliseconds(50));
  }
}

Task<void> converse_through_files(Conversation& conversation, const Command& command) {
  co_await (keep_reading(conversation, command) || end_of(conversation.child));
  read_on(conversation, command);
  conversation.ended = true;
}

Task<void> converse_through_pipes(Conversation& conversation, const Command& command) {
  const auto first_end = co_await (listen(conversation, command) || end_of(conversation.child));
  if (first_end.index() == 0) co_await end_of(conversation.child);
  conversation.ended = true;
  // A daemonised grandchild (an ssh ControlMaster) may hold our pipes open for hours,
  // so after the child's exit we wait 200 ms for EOF and no longer.
  co_await (listen(conversation, command) || pause(std::chrono::milliseconds(200)));
}

Task<void> converse_until_deadline(Conversation& conversation, const Command& command) {
  try {
    const auto converse = command.may_outlive_us ? converse_through_files : converse_through_pipes;
    co_await (converse(conversation, command) || pause(command.deadline));
  } catch (const asio::multiple_exceptions&) {
    // Cancelled, each of the parts ends by an exception; callers expect one.
    throw boost::system::system_error(asio::error::operation_aborted);
  }
}

}  // namespace

Task<Expected<Finished>> run(Command command) {
  waypoint("subprocess.before-start");
  const Expected<std::unique_ptr<Conversation>> started = start(co_await asio::this_coro::executor, command);
  if (!started) co_return std::unexpected(started.error());
  waypoint("subprocess.after-start");

  Conversation& conversation = **started;
  co_await converse_until_deadline(conversation, command);
  const Ending ending = conversation.child.reap();
  waypoint("subprocess.after-end");

  const std::string name = base_name(command.argv.front());
  if (conversation.objection) co_return std::unexpected(*std::move(conversation.objection));
  if (conversation.too_much) {
    co_return failure(fmt::format("{} printed more than {}", name, byte_count(command.output_bytes_max)));
  }
  if (!conversation.ended) {
    co_return failure(fmt::format("{} did not finish within {}", name, seconds_text(command.deadline)),
                      ErrorKind::timed_out);
  }
  co_return Finished{.exit_status = ending.exit_status,
                     .output = std::move(conversation.said),
                     .errors = std::move(conversation.complained),
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
