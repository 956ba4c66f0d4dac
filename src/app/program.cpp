#include "app/program.hpp"

#include <csignal>
#include <cstdio>
#include <exception>
#include <string>
#include <vector>

#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/experimental/awaitable_operators.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/signal_set.hpp>
#include <boost/asio/use_awaitable.hpp>

#include "app/cli/command_line.hpp"
#include "app/cli/output.hpp"
#include "app/cli/terminal.hpp"
#include "app/verbs/verbs.hpp"
#include "io/text/printable.hpp"
#include "io/text/strings.hpp"
#include "state/database/database.hpp"

namespace hydra_provisioner::app {
namespace {

// If the program is started with one of them closed, it must not open a file or a pipe in its place, and write messages
// into it. Read-only, so that data for a closed stdout is an error.
void open_standard_descriptors() {
  int descriptor = 0;
  do descriptor = ::open("/dev/null", O_RDONLY | O_CLOEXEC);
  while (descriptor >= 0 && descriptor <= STDERR_FILENO);
  ::close(descriptor);
}

int report(const Outcome& outcome, TerminalVoice& voice) {
  if (outcome) return *outcome;
  for (const std::string& problem : outcome.error().problems) voice.problem(problem);
  return outcome.error().status;
}

// A program that asked for JSON also gets its errors as JSON. After data that would not be one document any more.
void print_errors(const Failure& failure, TerminalVoice& voice) {
  if (failure.problems.empty() || has_printed()) return;
  if (const auto printed = print(errors_document(failure)); !printed) report(printed, voice);
}

int leave(const EarlyExit& exit) {
  TerminalVoice voice(Verbosity::normal);
  if (exit.status == exit_status::done) return report(print(exit.text), voice);
  if (exit.wants_json) print_errors({{std::string(io::trimmed(exit.text))}, exit.status}, voice);
  std::fputs(io::printable(exit.text).c_str(), stderr);
  return exit.status;
}

bool asks_for_json(const Command& command) {
  return command.arguments.has_option("--json") && !command.arguments.given("--json").empty();
}

// A bug must not leave the program waiting for its signals while it holds the lock.
io::Task<int> run_verb(const Command& command, TerminalVoice& voice) {
  Outcome outcome;
  try {
    outcome = co_await command.run({.state_dir = command.common.state_dir,
                                    .screen = screen_at(STDOUT_FILENO, command.common.color),
                                    .voice = voice});
  } catch (const boost::system::system_error& error) {
    if (error.code() == boost::asio::error::operation_aborted) throw;  // a signal came
    outcome = failed({fmt::format("internal error: {}", error.what())});
  } catch (const state::DatabaseError& error) {  // of a journal that was opened well, and then lost
    outcome = failed({fmt::format("the journal cannot be read any more: {}", error.what())});
  } catch (const std::exception& error) {
    outcome = failed({fmt::format("internal error: {}", error.what())});
  }
  if (!outcome && asks_for_json(command)) print_errors(outcome.error(), voice);
  co_return report(outcome, voice);
}

struct Signalled {
  int number = 0;
};

io::Task<Signalled> signalled() {
  boost::asio::signal_set signals(co_await boost::asio::this_coro::executor, SIGTERM, SIGINT);
  co_return Signalled{co_await signals.async_wait(boost::asio::use_awaitable)};
}

// A signal cancels everything that the verb waits for. Its questions to other programs end, jobs go on: every intention
// is in the journal, so the next pass carries on.
io::Task<int> run_until_signalled(const Command& command, TerminalVoice& voice) {
  using namespace boost::asio::experimental::awaitable_operators;
  const OnSignal on_signal = command.verb.on_signal;
  if (on_signal == OnSignal::left_to_itself) co_return co_await run_verb(command, voice);
  const auto first = co_await (run_verb(command, voice) || signalled() || voice.animate());
  if (const int* status = std::get_if<int>(&first)) co_return *status;
  const auto* signal = std::get_if<Signalled>(&first);
  if (on_signal == OnSignal::cancel) co_return exit_status::signalled + (signal != nullptr ? signal->number : 0);
  voice.note("stopped by a signal; running operations go on, and the next pass takes them up");
  co_return exit_status::done;
}

int run(const Command& command) {
  TerminalVoice voice(command.common.verbosity(), command.common.log_format);
  int status = exit_status::failed;
  boost::asio::io_context context(1);
  boost::asio::co_spawn(context, run_until_signalled(command, voice), [&](std::exception_ptr thrown, int result) {
    if (thrown) std::rethrow_exception(thrown);
    status = result;
    context.stop();  // questions that a daemon has asked are not waited for
  });
  context.run();
  return status;
}

}  // namespace

int run_program(int argc, const char* const* argv) {
  open_standard_descriptors();
  std::signal(SIGPIPE, SIG_IGN);
  const auto command = parse_command_line(all_verbs(), std::vector<std::string>(argv + 1, argv + argc));
  return command ? run(**command) : leave(command.error());
}

}  // namespace hydra_provisioner::app
