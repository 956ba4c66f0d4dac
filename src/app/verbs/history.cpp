#include "app/verbs/verbs.hpp"

#include <cstddef>
#include <expected>
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

struct HistoryOptions {
  std::string name;  // of a machine or a type; empty: all
  std::optional<Instant> since;
  JournalChoice journal;
  bool json = false;
};

void declare(Arguments& arguments, HistoryOptions& options) {
  arguments.optional_word("[MACHINE|TYPE]", into(options.name, Names::machine_or_type));
  arguments.option("--since", "TIME", into(options.since),
                   "how far back: 2h, 3d, 2026-01-15 or 2026-01-15T12:00; by default 24 hours");
  declare_journal(arguments, options.journal);
  arguments.flag("--json", options.json, "print JSON");
}

// A journal may have more events than fit into the memory, so they are printed page by page.
constexpr std::size_t page_bytes = std::size_t{1} << 18;

// The number of events.
using Shown = std::expected<std::size_t, Failure>;

Shown print_lines(review::History& history) {
  std::string page;
  std::size_t count = 0;
  for (auto event = history.next(); event; event = history.next(), ++count) {
    page += review::line_of(*event);
    if (page.size() < page_bytes) continue;
    if (auto printed = print(page); !printed) return std::unexpected(printed.error());
    page.clear();
  }
  if (auto printed = print(page); !printed) return std::unexpected(printed.error());
  return count;
}

// As an element of a list in a document.
std::string indented(const io::Json& value) {
  std::string text = "    ";
  for (const char c : io::pretty(value)) {
    text += c;
    if (c == '\n') text += "    ";
  }
  text.erase(text.find_last_not_of(" \n") + 1);
  return text;
}

// The same text as pretty() makes of the whole document.
Shown print_document(review::History& history, Instant since) {
  std::string page = "{\n  \"events\": [";
  std::size_t count = 0;
  for (auto event = history.next(); event; event = history.next(), ++count) {
    page += (count == 0 ? "\n" : ",\n") + indented(review::value_of(*event));
    if (page.size() < page_bytes) continue;
    if (auto printed = print(page); !printed) return std::unexpected(printed.error());
    page.clear();
  }
  page += fmt::format("{}],\n  \"formatVersion\": 1,\n  \"since\": {}\n}}\n", count == 0 ? "" : "\n  ", to_unix(since));
  if (auto printed = print(page); !printed) return std::unexpected(printed.error());
  return count;
}

Outcome run(HistoryOptions options, Context context) {
  const auto journal = open_journal(context.state_dir, options.journal, options.name);
  if (!journal) return std::unexpected(journal.error());
  const state::Archive& archive = journal->archive;
  if (!options.name.empty()) {
    if (auto known = review::look_up(archive, options.name); !known) return misused(std::move(known.error()));
  }
  const Instant since = options.since.value_or(io::SystemClock{}.now() - default_span);
  review::History history(archive, since, options.name, options.json ? review::Failed::whole : review::Failed::cause);
  const auto shown = options.json ? print_document(history, since) : print_lines(history);
  if (!shown) return std::unexpected(shown.error());
  if (*shown == 0) context.voice.note(fmt::format("nothing happened since {}", io::local_time(since)));
  return exit_status::done;
}

}  // namespace

Verb history_verb() {
  return {.name = "history",
          .section = Section::reading,
          .summary = "shows what happened, when and why",
          .description =
              "Shows what happened to the machines, to one of them or to those of one type, when and why. It "
              "reads the journal alone: it asks nothing and changes nothing. Of a machine that failed before it was "
              "ready, it says when and why; history MACHINE has the rest.",
          .examples = {{{"history", "the last 24 hours"},
                        {"history --since 3d x86_64-linux", "three days of one type's machines"}}},
          .declare = command<HistoryOptions>(declare, run)};
}

}  // namespace hydra_provisioner::app
