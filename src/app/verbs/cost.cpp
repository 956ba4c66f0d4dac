#include "app/verbs/verbs.hpp"

#include <algorithm>
#include <chrono>
#include <optional>
#include <string>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "app/cli/output.hpp"
#include "app/inputs/journal.hpp"
#include "io/async/clock.hpp"
#include "io/text/json.hpp"
#include "io/text/wording.hpp"
#include "review/cost.hpp"

namespace hydra_provisioner::app {
namespace {

struct CostOptions {
  std::optional<Instant> since;
  JournalChoice journal;
  bool json = false;
};

void declare(Arguments& arguments, CostOptions& options) {
  arguments.option("--since", "TIME", into(options.since),
                   "how far back: 2h, 3d, 2026-01-15 or 2026-01-15T12:00; by default 24 hours before the latest pass");
  declare_journal(arguments, options.journal);
  arguments.flag("--json", options.json, "print JSON");
}

Outcome run(CostOptions options, Context context) {
  const auto journal = open_journal(context.state_dir, options.journal, "");
  if (!journal) return std::unexpected(journal.error());
  const state::Archive& archive = journal->archive;
  const auto passes = archive.passes(Instant{});
  if (passes.empty())
    return failed({fmt::format("{}: no pass is recorded yet; run one first", archive.place().described())});
  // Usage is kept by the hour, and longer than passes.
  const Instant since = std::chrono::time_point_cast<std::chrono::hours>(
      options.since.value_or(passes.back().start - std::chrono::hours{24}));
  const auto costs = review::costs_of(archive.usage(since));
  const Seconds unknown = archive.unknown(since);
  const Instant until = passes.back().start;
  const std::string currency = review::currency_of(archive, passes.back());
  if (options.json) {
    io::Json document = review::cost_document(costs, unknown, since, currency);
    document["until"] = to_unix(until);
    return print(io::pretty(document));
  }
  const Seconds left_out = io::SystemClock{}.now() - until;
  return print(review::cost_text(costs, unknown, since, currency) +
               fmt::format("Counted until the last pass, {} ago: what ran since then is left out.\n",
                           io::span_text(std::max(left_out, Seconds{0}))));
}

}  // namespace

Verb cost_verb() {
  return {.name = "cost",
          .section = Section::reading,
          .summary = "shows machine-hours and money, by type",
          .description =
              "Shows how many hours the machines of each type ran and what that cost, as far as prices are "
              "configured. It reads the journal alone: it asks nothing and changes nothing.",
          .examples = {{{"cost", "the last 24 hours before the latest pass"},
                        {"cost --since 2026-01-01 --json", "since the beginning of the year, for a script"}}},
          .declare = command<CostOptions>(declare, run)};
}

}  // namespace hydra_provisioner::app
