#include "app/program.hpp"

#include <csignal>
#include <cstdio>
#include <exception>

#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/experimental/awaitable_operators.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/signal_set.hpp>
#include <boost/asio/use_awaitable.hpp>

#include "app/cli/exit_status.hpp"
#include "app/cli/options.hpp"
#include "app/cli/terminal.hpp"
#include "app/cli/verb_table.hpp"
#include "app/verbs/run_job.hpp"
#include "app/verbs/verbs.hpp"

namespace hydra_provisioner::app {
namespace {

// A bug must not leave the program waiting for its signals with the lock in its hands.
io::Task<int> run_verb_or_report(const Options& options, TerminalVoice& voice) {
  try {
    co_return co_await run_verb(options, voice);
  } catch (const boost::system::system_error& error) {
    if (error.code() == boost::asio::error::operation_aborted) throw;  // a signal came
    voice.problem(fmt::format("internal error: {}", error.what()));
  } catch (const std::exception& error) {
    voice.problem(fmt::format("internal error: {}", error.what()));
  }
  co_return exit_status::failed;
}

struct Signalled {
  int number = 0;
};

io::Task<Signalled> signalled() {
  boost::asio::signal_set signals(co_await boost::asio::this_coro::executor, SIGTERM, SIGINT);
  co_return Signalled{co_await signals.async_wait(boost::asio::use_awaitable)};
}

// SIGTERM and SIGINT cancel whatever is waited for. Children that were only asked something end with it, jobs go on;
// every intention is in the journal, so the next pass carries on.
io::Task<int> run_until_signalled(const Options& options, TerminalVoice& voice) {
  using namespace boost::asio::experimental::awaitable_operators;
  // What they do cannot be interrupted, and nothing is lost when a signal ends it.
  if (spec_of(options.verb).section == Section::forecasting) co_return co_await run_verb_or_report(options, voice);
  if (options.verb == Verb::daemon) co_return co_await run_verb_or_report(options, voice);  // it has its own way to end
  const auto first = co_await (run_verb_or_report(options, voice) || signalled() || voice.animate());
  if (const int* status = std::get_if<int>(&first)) co_return *status;
  const auto* signal = std::get_if<Signalled>(&first);
  if (options.verb != Verb::pass) co_return exit_status::signalled + (signal != nullptr ? signal->number : 0);
  voice.note("stopped by a signal; what is under way goes on, and the next pass takes it up");
  co_return exit_status::done;
}

// Started with one of them closed, we would open a file or a pipe in its place, and write messages into it.
void open_standard_descriptors() {
  int descriptor = 0;
  do descriptor = ::open("/dev/null", O_RDWR | O_CLOEXEC);
  while (descriptor >= 0 && descriptor <= STDERR_FILENO);
  ::close(descriptor);
}

}  // namespace

int run_program(int argc, const char* const* argv) {
  open_standard_descriptors();
  std::signal(SIGPIPE, SIG_IGN);
  const auto options = parse_command_line(argc, argv);
  if (!options) {
    fmt::print(options.error().exit_status == exit_status::done ? stdout : stderr, "{}", options.error().text);
    return options.error().exit_status;
  }
  if (options->verb == Verb::run_job) {
    return run_job(Tag{options->arguments.at(0)}, options->state_dir, MachineId{options->arguments.at(1)});
  }
  TerminalVoice voice(*options);
  int status = exit_status::failed;
  boost::asio::io_context context(1);
  boost::asio::co_spawn(context, run_until_signalled(*options, voice), [&](std::exception_ptr thrown, int result) {
    if (thrown) std::rethrow_exception(thrown);
    status = result;
    context.stop();  // questions that a daemon has asked are not waited for
  });
  context.run();
  return status;
}

}  // namespace hydra_provisioner::app
