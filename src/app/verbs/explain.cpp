#include "app/verbs/verbs.hpp"

#include <optional>
#include <string>
#include <utility>
#include <vector>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "app/cli/output.hpp"
#include "app/inputs/journal.hpp"
#include "app/inputs/last_pass.hpp"
#include "io/text/json.hpp"
#include "review/explain.hpp"

namespace hydra_provisioner::app {
namespace {

struct ExplainOptions {
  std::string name;  // of a machine or a type
  std::optional<Instant> at;
  JournalChoice journal;
  bool json = false;
};

void declare(Arguments& arguments, ExplainOptions& options) {
  arguments.word("MACHINE|TYPE", "machine or type", into(options.name, Names::machine_or_type));
  arguments.option("--at", "TIME", into(options.at),
                   "as of 2h or 3d ago, of 2026-01-15 or 2026-01-15T12:00; by default of the latest pass");
  declare_journal(arguments, options.journal);
  arguments.flag("--json", options.json, "print JSON");
}

Outcome run(ExplainOptions options, Context context) {
  const auto journal = open_journal(context.state_dir, options.journal, options.name);
  if (!journal) return std::unexpected(journal.error());
  const state::Archive& archive = journal->archive;
  auto pass = options.at ? review::find_pass(archive, *options.at) : review::find_pass(archive, "latest");
  if (!pass) return misused(std::move(pass.error()));
  auto replayed = review::replay_pass(archive, *pass);
  if (!replayed) return failed(std::move(replayed.error()));
  auto explanation = review::explain(archive, options.name, review::look_up(archive, options.name), *pass, *replayed);
  if (!explanation) return misused(std::move(explanation.error()));
  if (!replayed->is_equal)
    context.voice.warning(
        fmt::format("pass {} decided otherwise: another version of this program made it", pass->number));
  if (!options.at) {
    explanation->since = review::events_after(archive, options.name, *pass);
    tell(last_pass(context.state_dir, journal->archive.place(), pass->start, replayed->inputs.seen.unpublished),
         context.voice);
  }
  return print(options.json ? io::pretty(review::explanation_document(*explanation, *pass))
                            : review::explanation_text(*explanation, *pass));
}

}  // namespace

Verb explain_verb() {
  return {.name = "explain",
          .section = Section::reading,
          .summary = "explains a machine or a type, and what would change it",
          .description =
              "Explains why a machine is in its state, or why a type has as many machines as it has, and what "
              "would change that; of steps that fit no type, why, and what to add to the configuration. It repeats "
              "what the latest pass decided, or the one of a given time, from the journal alone, and shows what has "
              "happened since then.",
          .examples = {{{"explain x86_64-linux", "why are there not more machines, or why are these steps not built?"},
                        {"explain hydra-provisioned-7 --at 2026-01-15T12:00", "why was this machine kept then?"}}},
          .declare = command<ExplainOptions>(declare, run)};
}

}  // namespace hydra_provisioner::app
