#include "app/verbs/verbs.hpp"

#include <string_view>

#include <fmt/format.h>
#include <unistd.h>
#include <nlohmann/json.hpp>

#include "app/cli/exit_status.hpp"
#include "app/cli/output.hpp"
#include "app/cli/texts.hpp"
#include "app/cli/verb_table.hpp"
#include "app/daemon/daemon.hpp"
#include "app/real_world.hpp"
#include "app/tag_lock.hpp"
#include "app/verbs/check_provider.hpp"
#include "app/verbs/generate_trace.hpp"
#include "app/verbs/hints.hpp"
#include "app/verbs/import_trace.hpp"
#include "app/verbs/orders.hpp"
#include "app/verbs/recall.hpp"
#include "app/verbs/simulate.hpp"
#include "app/verbs/ssh.hpp"
#include "app/verbs/tune.hpp"
#include "config/load.hpp"
#include "decide/plan.hpp"
#include "io/file/files.hpp"
#include "io/text/json.hpp"
#include "pass/documents.hpp"
#include "pass/look.hpp"
#include "pass/pass.hpp"
#include "state/sqlite_journal.hpp"
#include "state/times.hpp"

namespace hydra_provisioner::app {
namespace {

int report_config_errors(const config::ConfigErrors& errors, const Options& options, TerminalVoice& voice) {
  if (options.verb == Verb::check && options.json) {
    print(io::pretty({{"formatVersion", 1}, {"valid", false}, {"errors", errors}}), voice);
  }
  for (const std::string& error : errors) voice.problem(error);
  return exit_status::configuration;
}

int check(const Config& config, const Options& options, TerminalVoice& voice) {
  const std::vector<std::string> hints = hints_for(config);
  for (const std::string& hint : hints) voice.warning(hint);
  const std::string text =
      options.json
          ? io::pretty({{"formatVersion", 1}, {"valid", true}, {"errors", nlohmann::json::array()}, {"hints", hints}})
          : fmt::format("{}: no errors; tag {}, {} {}\n", options.config_file, config.tag, config.pools.size(),
                        config.pools.size() == 1 ? "type" : "types");
  return print(text, voice) ? exit_status::done : exit_status::failed;
}

io::Task<int> pass(const Config& config, const Options& options, TerminalVoice& voice) {
  const auto lock = lock_tag(options.state_dir, config.tag, voice);
  if (!lock) co_return lock.error();
  const auto journal = state::SqliteJournal::open(state::journal_file(options.state_dir, config.tag));
  if (!journal) {
    voice.problem(journal.error().message);
    co_return exit_status::failed;
  }
  const pass::World world = make_world(config, options.state_dir);
  const pass::PassEnd end = co_await pass::run_pass(world, config, **journal, voice, config.pass_timeout);
  if (!end.succeeded) co_return exit_status::failed;
  co_return end.is_trusted ? exit_status::done : exit_status::untrusted_status;
}

std::string text_of(const pass::Look& look, const Plan& todo, const Options& options) {
  const bool color = use_color(options.color, STDOUT_FILENO);
  if (options.verb == Verb::plan) return options.json ? io::pretty(pass::plan_document(todo)) : plan_text(todo, color);
  return options.json ? io::pretty(pass::status_document(look, todo)) : status_text(look, todo, color);
}

// `plan` and `status`: what a pass would see and decide, without doing any of it.
io::Task<int> tell_only(const Config& config, const Options& options, TerminalVoice& voice) {
  const pass::World world = make_world(config, options.state_dir);
  auto memory = state::SqliteJournal::look(state::journal_file(options.state_dir, config.tag), world.clock->now());
  if (!memory) {
    voice.problem(memory.error().message);
    co_return exit_status::failed;
  }
  state::mend_times(*memory, world.clock->now());
  const pass::Look look = co_await pass::look_around(world, config, *memory);
  const Plan todo = decide::plan(look.seen, config);
  if (!print(text_of(look, todo, options), voice)) co_return exit_status::failed;
  for (const std::string& problem : look.problems) voice.problem(problem);
  if (voice.had_problems()) co_return exit_status::failed;
  if (todo.untrusted) co_return exit_status::untrusted_status;
  co_return options.detailed_exit_code&& has_changes(todo) ? exit_status::changes : exit_status::done;
}

}  // namespace

io::Task<int> run_verb(const Options& options, TerminalVoice& voice) {
  if (options.verb == Verb::check_provider) co_return co_await check_provider(options, voice);
  if (options.verb == Verb::import_trace) co_return import_trace(options, voice);
  if (options.verb == Verb::generate_trace) co_return generate_trace(options, voice);
  if (options.verb == Verb::ssh) co_return log_in(options, voice);
  const Section section = spec_of(options.verb).section;
  if (section == Section::recalling) co_return co_await recall(options, voice);
  if (section == Section::ordering) co_return co_await give_order(options, voice);
  auto config = co_await config::load_config(options.config_file, {.allow_empty = options.allow_empty});
  if (!config) co_return report_config_errors(config.error(), options, voice);
  switch (options.verb) {
    case Verb::check:
      co_return check(*config, options, voice);
    case Verb::daemon:
      co_return co_await run_daemon(*std::move(config), options, voice);
    case Verb::simulate:
      co_return tell_simulation(*config, options, voice);
    case Verb::tune:
      co_return tell_tuning(*config, options, voice);
    case Verb::plan:
    case Verb::status:
      co_return co_await tell_only(*config, options, voice);
    default:
      co_return co_await pass(*config, options, voice);
  }
}

}  // namespace hydra_provisioner::app
