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
#include <nlohmann/json.hpp>

#include "app/documents.hpp"
#include "app/exit_status.hpp"
#include "app/hints.hpp"
#include "app/look.hpp"
#include "app/options.hpp"
#include "app/pass.hpp"
#include "app/run_job.hpp"
#include "app/terminal.hpp"
#include "app/world.hpp"
#include "config/load.hpp"
#include "decide/plan.hpp"
#include "io/files.hpp"
#include "io/json.hpp"
#include "state/sqlite_journal.hpp"

namespace hydra_provisioner {
namespace {

void print(const std::string& text) { fmt::print("{}", text); }

int report_config_errors(const ConfigErrors& errors, const Options& options, TerminalVoice& voice) {
  if (options.verb == Verb::check && options.json)
    print(pretty({{"formatVersion", 1}, {"valid", false}, {"errors", errors}}));
  for (const std::string& error : errors) voice.problem(error);
  return exit_status::configuration;
}

int check(const Config& config, const Options& options, TerminalVoice& voice) {
  const std::vector<std::string> hints = hints_for(config);
  for (const std::string& hint : hints) voice.warning(hint);
  if (options.json) {
    print(pretty({{"formatVersion", 1}, {"valid", true}, {"errors", nlohmann::json::array()}, {"hints", hints}}));
  } else {
    print(fmt::format("{}: no errors; tag {}, {} {}\n", options.config_file, config.tag, config.pools.size(),
                      config.pools.size() == 1 ? "type" : "types"));
  }
  return exit_status::done;
}

Task<int> pass(const Config& config, const Options& options, TerminalVoice& voice) {
  const auto fail = [&](const Error& error) {
    voice.problem(error.message);
    return exit_status::failed;
  };
  if (const auto made = make_folder(options.state_dir, 0700); !made) co_return fail(made.error());
  const auto lock = FileLock::try_acquire(lock_file(options.state_dir, config.tag));
  if (!lock) co_return fail(lock.error());
  if (!*lock) {
    voice.problem(fmt::format("another pass of tag {} is at work (it holds {}); nothing was done", config.tag,
                              lock_file(options.state_dir, config.tag)));
    co_return exit_status::locked;
  }
  const auto journal = SqliteJournal::open(journal_file(options.state_dir, config.tag));
  if (!journal) co_return fail(journal.error());
  const World world = make_world(config, options.state_dir);
  co_return co_await run_pass(world, config, **journal, voice);
}

// `plan` and `status`: what a pass would see and decide, without doing any of it.
Task<int> tell_only(const Config& config, const Options& options, TerminalVoice& voice) {
  const World world = make_world(config, options.state_dir);
  const auto memory = SqliteJournal::look(journal_file(options.state_dir, config.tag), world.clock->now());
  if (!memory) {
    voice.problem(memory.error().message);
    co_return exit_status::failed;
  }
  const Look look = co_await look_around(world, config, *memory);
  const Plan todo = plan(look.seen, config);
  const bool color = use_color(options.color, STDOUT_FILENO);
  if (options.verb == Verb::plan) print(options.json ? pretty(plan_document(todo)) : plan_text(todo, color));
  if (options.verb == Verb::status)
    print(options.json ? pretty(status_document(look, todo)) : status_text(look, todo, color));
  for (const std::string& problem : look.problems) voice.problem(problem);
  if (voice.had_problems()) co_return exit_status::failed;
  if (todo.untrusted) co_return exit_status::untrusted_status;
  co_return options.detailed_exit_code&& has_changes(todo) ? exit_status::changes : exit_status::done;
}

Task<int> run_verb(const Options& options, TerminalVoice& voice) {
  const auto config = co_await load_config(options.config_file, {.allow_empty = options.allow_empty});
  if (!config) co_return report_config_errors(config.error(), options, voice);
  switch (options.verb) {
    case Verb::check:
      co_return check(*config, options, voice);
    case Verb::plan:
    case Verb::status:
      co_return co_await tell_only(*config, options, voice);
    default:
      co_return co_await pass(*config, options, voice);
  }
}

struct Signalled {};

Task<Signalled> signalled() {
  boost::asio::signal_set signals(co_await boost::asio::this_coro::executor, SIGTERM, SIGINT);
  co_await signals.async_wait(boost::asio::use_awaitable);
  co_return Signalled{};
}

// SIGTERM and SIGINT cancel whatever is waited for. Children that were only asked something end with it, jobs go on;
// every intention is in the journal, so the next pass carries on.
Task<int> run_until_signalled(const Options& options, TerminalVoice& voice) {
  using namespace boost::asio::experimental::awaitable_operators;
  const auto first = co_await (run_verb(options, voice) || signalled() || voice.animate());
  if (const int* status = std::get_if<int>(&first)) co_return *status;
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
  });
  context.run();
  return status;
}

}  // namespace hydra_provisioner
