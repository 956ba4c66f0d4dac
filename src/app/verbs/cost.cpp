#include "app/verbs/verbs.hpp"

#include <algorithm>
#include <chrono>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

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
  bool all = false;
  bool json = false;
};

void declare(Arguments& arguments, CostOptions& options) {
  arguments.option("--since", "TIME", into(options.since),
                   "how far back: 2h, 3d, 2026-01-15 or 2026-01-15T12:00; by default 24 hours before the latest pass");
  declare_journal(arguments, options.journal);
  arguments.flag("--all", options.all, "of all tags, each type as TAG/TYPE");
  arguments.flag("--json", options.json, "print JSON");
  arguments.check([&options]() -> Expected<void> {
    if (options.all && !options.journal.tag.empty()) return failure("--all and --tag exclude each other");
    return {};
  });
}

std::expected<std::vector<OpenJournal>, Failure> journals_for(const CostOptions& options,
                                                              const std::string& state_dir) {
  if (options.all) return open_all_journals(state_dir, options.journal.server);
  auto journal = open_journal(state_dir, options.journal, "");
  if (!journal) return std::unexpected(std::move(journal.error()));
  std::vector<OpenJournal> only;
  only.push_back(*std::move(journal));
  return only;
}

// Of all journals together.
struct Costs {
  std::map<PoolName, review::PoolCost> by_type{};
  Seconds unknown{};
  std::string currency{};
};

Expected<void> add(Costs& sum, const OpenJournal& journal, const state::ArchivedPass& latest, Instant since,
                   bool with_tag) {
  const std::string currency = review::currency_of(journal.archive, latest);
  if (!sum.by_type.empty() && currency != sum.currency)
    return failure(fmt::format("{} has another currency than the tags before it (\"{}\", \"{}\"); name one by --tag",
                               journal.tag, currency, sum.currency));
  sum.currency = currency;
  sum.unknown += journal.archive.unknown(since);
  for (auto& [pool, cost] : review::costs_of(journal.archive.usage(since)))
    sum.by_type.emplace(with_tag ? PoolName{fmt::format("{}/{}", journal.tag, pool)} : pool, cost);
  return {};
}

Outcome run(CostOptions options, Context context) {
  const auto journals = journals_for(options, context.state_dir);
  if (!journals) return std::unexpected(journals.error());
  std::optional<Instant> until;
  for (const OpenJournal& journal : *journals) {
    if (const auto latest = journal.archive.latest_pass())
      until = std::max(until.value_or(latest->start), latest->start);
  }
  if (!until)
    return failed(
        {fmt::format("{}: no pass is recorded yet; run one first", journals->front().archive.place().described())});
  // Usage is kept by the hour, and longer than passes.
  const Instant since =
      std::chrono::time_point_cast<std::chrono::hours>(options.since.value_or(*until - std::chrono::hours{24}));
  Costs costs;
  for (const OpenJournal& journal : *journals) {
    const auto latest = journal.archive.latest_pass();
    if (!latest) continue;
    if (auto added = add(costs, journal, *latest, since, options.all); !added) return failed(added.error());
  }
  if (options.json) {
    io::Json document = review::cost_document(costs.by_type, costs.unknown, since, costs.currency);
    document["until"] = to_unix(*until);
    return print(io::pretty(document));
  }
  const Seconds left_out = io::SystemClock{}.now() - *until;
  return print(review::cost_text(costs.by_type, costs.unknown, since, costs.currency) +
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
