#include "app/verbs/verbs.hpp"

#include <optional>
#include <string>
#include <utility>
#include <vector>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "app/inputs/journal.hpp"
#include "app/inputs/traces.hpp"
#include "forecast/recorded_steps.hpp"
#include "review/builders.hpp"
#include "trace/hydra_database.hpp"
#include "trace/read.hpp"

namespace hydra_provisioner::app {
namespace {

struct ImportTraceOptions {
  std::string hydra_db;              // how to reach the database
  bool is_of_journal = false;        // what this farm's passes saw
  std::string csv;                   // a file
  std::vector<std::string> columns;  // of that file, as given
  trace::ColumnMapping mapping;      // the same, parsed
  std::optional<Instant> since;
  std::string output;
  JournalChoice journal;
};

void declare(Arguments& arguments, ImportTraceOptions& options) {
  arguments.option("--hydra-db", "CONNECTION", into(options.hydra_db), "Hydra's database, as libpq or Hydra names it");
  arguments.flag("--journal", options.is_of_journal, "the steps that the passes of this farm saw");
  arguments.option(
      "--since", "TIME", into(options.since),
      "with --hydra-db or --journal, how far back: 2h, 3d, 2026-01-15 or 2026-01-15T12:00; by default all");
  arguments.option("--csv", "FILE", into(options.csv, Names::file), "a CSV file with other columns");
  arguments.repeated_option(
      "--column", "OURS=THEIRS", into(options.columns),
      "with --csv, the name of a column in the file, such as ready_at=submit_unix; or OURS:=VALUE, the "
      "same value in every row; may be repeated");
  declare_output(arguments, options.output);
  declare_tag(arguments, options.journal.tag);
  arguments.check([&options]() -> Expected<void> {
    const int sources =
        (options.hydra_db.empty() ? 0 : 1) + (options.csv.empty() ? 0 : 1) + (options.is_of_journal ? 1 : 0);
    if (sources != 1) return failure("import-trace takes one of --hydra-db, --csv and --journal");
    if (!options.columns.empty() && options.csv.empty()) return failure("--column goes with --csv");
    if (options.since && !options.csv.empty()) return failure("--since goes with --hydra-db and --journal");
    auto mapping = trace::parse_mapping(options.columns);
    if (!mapping) return std::unexpected(within("--column", std::move(mapping.error())));
    options.mapping = *std::move(mapping);
    return {};
  });
}

// Which machine was of which type is known where this program runs; elsewhere steps have no features.
std::vector<state::Residence> known_machines(const ImportTraceOptions& options, const Context& context) {
  const auto journal = open_journal(context.state_dir, options.journal, "");
  if (journal) return journal->archive.residences();
  context.voice.note(fmt::format("steps get no features: {}", fmt::join(journal.error().problems, "; ")));
  return {};
}

Expected<trace::Trace> trace_of_hydra(const ImportTraceOptions& options, const Context& context) {
  const review::Builders builders(known_machines(options, context));
  return trace::read_hydra_database(options.hydra_db, options.since, [&](const std::string& machine, Instant began) {
    return builders.features(machine, began);
  });
}

Outcome run(ImportTraceOptions options, Context context) {
  std::optional<OpenJournal> journal;
  if (options.is_of_journal) {
    auto opened = open_journal(context.state_dir, options.journal, "");
    if (!opened) return std::unexpected(std::move(opened.error()));
    journal.emplace(*std::move(opened));
  }
  const auto trace = [&] {
    if (journal) return forecast::recorded_steps(journal->archive, options.since.value_or(Instant{}));
    if (options.csv.empty()) return trace_of_hydra(options, context);
    return trace::read_trace_file(options.csv, options.mapping);
  }();
  if (!trace) return failed(trace.error());
  return write_trace(*trace, options.output, context.voice);
}

}  // namespace

Verb import_trace_verb() {
  return {.name = "import-trace",
          .section = Section::forecasts,
          .summary = "makes a trace from Hydra, the journal or a file",
          .description =
              "Makes a trace for simulate and tune: from the build steps in Hydra's database, which is only "
              "read, from the steps that passes saw, or from a CSV file with other columns. docs/traces.md describes "
              "traces.",
          .examples = {{{"import-trace --hydra-db dbname=hydra --output farm.csv.zst",
                         "all build steps, into a compressed file"},
                        {"import-trace --csv ci.csv --column ready_at=submit_unix",
                         "from the history of another program, on stdout"}}},
          .on_signal = OnSignal::left_to_itself,
          .declare = command<ImportTraceOptions>(declare, run)};
}

}  // namespace hydra_provisioner::app
