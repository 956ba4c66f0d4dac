#include "app/verbs/verbs.hpp"

#include <optional>
#include <string>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "app/cli/output.hpp"
#include "app/inputs/journal.hpp"
#include "io/async/clock.hpp"
#include "io/text/json.hpp"
#include "io/text/local_time.hpp"
#include "review/history.hpp"

namespace hydra_provisioner::app {
namespace {

constexpr Seconds default_span{24 * 3600};

struct Options {
  std::string name;  // of a machine or a type; empty: all
  std::optional<Instant> since;
  std::string tag;
  bool json = false;
};

void declare(Arguments& arguments, Options& options) {
  arguments.optional_word("[MACHINE|TYPE]", into(options.name));
  arguments.option("--since", "TIME", into(options.since),
                   "how far back: 2h, 3d, 2026-01-15 or 2026-01-15T12:00; by default 24 hours");
  declare_tag(arguments, options.tag);
  arguments.flag("--json", options.json, "print JSON");
}

Outcome run(Options options, Context context) {
  const auto journal = open_journal(context.state_dir, options.tag, options.name);
  if (!journal) return std::unexpected(journal.error());
  const state::Archive& archive = journal->archive;
  if (!options.name.empty()) {
    if (auto known = review::look_up(archive, options.name); !known) return misused(std::move(known.error()));
  }
  const Instant since = options.since.value_or(io::SystemClock{}.now() - default_span);
  const auto all = review::events_of(archive, since, options.name);
  if (all.empty()) context.voice.note(fmt::format("nothing happened since {}", io::local_time(since)));
  return print(options.json ? io::pretty(review::history_document(all, since)) : review::history_text(all));
}

}  // namespace

Verb history_verb() {
  return {.name = "history",
          .section = Section::reading,
          .summary = "shows what happened, when and why",
          .description =
              "Shows what happened to the machines, to one of them or to those of one type, when and why. It "
              "reads the journal alone: it asks nothing and changes nothing.",
          .examples = {{{"history", "the last 24 hours"},
                        {"history --since 3d x86_64-linux", "three days of one type's machines"}}},
          .declare = command(declare, run)};
}

}  // namespace hydra_provisioner::app
