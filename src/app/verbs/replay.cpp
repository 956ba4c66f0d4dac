#include "app/verbs/verbs.hpp"

#include <optional>
#include <string>
#include <utility>
#include <vector>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "app/cli/output.hpp"
#include "app/cli/texts.hpp"
#include "app/inputs/configuration.hpp"
#include "app/inputs/journal.hpp"
#include "io/text/json.hpp"
#include "io/text/local_time.hpp"
#include "review/replay.hpp"

namespace hydra_provisioner::app {
namespace {

struct ReplayOptions {
  std::string pass = "latest";
  std::optional<Instant> at;
  ConfigFile config;  // an empty path: the configuration of the pass
  JournalChoice journal;
  bool json = false;
};

void declare(Arguments& arguments, ReplayOptions& options) {
  arguments.optional_word("[PASS]", [&options](const std::string& text) -> Expected<void> {
    if (options.at) return failure("replay takes a pass or --at, not both");
    options.pass = text;
    return {};
  });
  arguments.option("--at", "TIME", into(options.at), "the pass of 2h or 3d ago, of 2026-01-15 or 2026-01-15T12:00");
  arguments.option("--config", "CONF", into(options.config.path, Names::file),
                   "decide from this configuration instead");
  declare_allow_empty(arguments, options.config);
  declare_journal(arguments, options.journal);
  arguments.flag("--json", options.json, "print JSON");
}

std::string pass_text(const state::ArchivedPass& pass) {
  return fmt::format("pass {} of {}", pass.number, io::local_time(pass.start));
}

Outcome show_again(const state::ArchivedPass& pass, const review::Replayed& replayed, bool as_json,
                   const Context& context) {
  if (auto printed = print_painted(as_json ? io::pretty(review::replay_document(pass, replayed))
                                           : plan_text(replayed.plan, context.screen));
      !printed)
    return printed;
  if (replayed.is_equal) {
    context.voice.note(fmt::format("{}: the same plan, byte for byte", pass_text(pass)));
    return exit_status::done;
  }
  std::vector<std::string> changed = review::differences_from_record(replayed);
  changed.push_back(fmt::format("{}: another plan than was recorded; this version decides otherwise", pass_text(pass)));
  return std::unexpected(Failure{std::move(changed)});
}

Outcome show_with(const Config& config, const state::ArchivedPass& pass, const review::Replayed& replayed,
                  const ReplayOptions& options) {
  const Plan would_be = review::plan_with(config, replayed.inputs);
  const std::vector<review::Difference> differences = review::differences_between(replayed.plan, would_be);
  if (!options.json)
    return print(fmt::format("{}Pass {} of {} with {}: {} differ.\n", review::differences_text(differences),
                             pass.number, io::local_time(pass.start), options.config.path, differences.size()));
  io::Json json = review::pass_document(pass, would_be);
  json["differences"] = review::differences_document(differences);
  return print(io::pretty(json));
}

io::Task<Outcome> run(ReplayOptions options, Context context) {
  const auto journal = open_journal(context.state_dir, options.journal, "");
  if (!journal) co_return std::unexpected(journal.error());
  const auto pass =
      options.at ? review::find_pass(journal->archive, *options.at) : review::find_pass(journal->archive, options.pass);
  if (!pass) co_return misused(pass.error());
  const auto replayed = review::replay_pass(journal->archive, *pass);
  if (!replayed) co_return failed(replayed.error());
  if (options.config.path.empty()) co_return show_again(*pass, *replayed, options.json, context);
  const auto config = co_await load(options.config);
  if (!config) co_return std::unexpected(config.error());
  co_return show_with(*config, *pass, *replayed, options);
}

}  // namespace

Verb replay_verb() {
  return {.name = "replay",
          .section = Section::reading,
          .summary = "repeats what a pass decided, also with another configuration",
          .description =
              "Decides again what a recorded pass decided, from what it saw, and compares the two plans. PASS "
              "is a number, or latest. With --config it shows what would differ with another configuration; "
              "without it the exit status is 1 if the plans differ.",
          .examples = {{{"replay 1234", "does this version decide as the one that made pass 1234?"},
                        {"replay latest --config new.nix", "what would the new configuration change?"}}},
          .declare = command<ReplayOptions>(declare, run)};
}

}  // namespace hydra_provisioner::app
