#include "app/verbs/verbs.hpp"

#include <optional>
#include <string>
#include <utility>
#include <vector>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "app/inputs/journal.hpp"
#include "app/inputs/traces.hpp"
#include "review/builders.hpp"
#include "trace/hydra_database.hpp"
#include "trace/read.hpp"

namespace hydra_provisioner::app {
namespace {

struct Options {
  std::string hydra_db;              // how to reach the database
  std::string csv;                   // a file
  std::vector<std::string> columns;  // of that file, as given
  trace::ColumnMapping mapping;      // the same, parsed
  std::optional<Instant> since;
  std::string output;
  std::string tag;  // of the journal that knows the machines
};

void declare(Arguments& arguments, Options& options) {
  arguments.option("--hydra-db", "CONNECTION", into(options.hydra_db), "Hydra's database, as libpq or Hydra names it");
  arguments.option("--since", "TIME", into(options.since),
                   "with --hydra-db, how far back: 2h, 3d, 2026-01-15 or 2026-01-15T12:00; by default all");
  arguments.option("--csv", "FILE", into(options.csv), "a CSV file with other columns");
  arguments.repeated_option(
      "--column", "OURS=THEIRS", into(options.columns),
      "with --csv, the name of a column in the file, such as ready_at=submit_unix; or OURS:=VALUE, the "
      "same value in every row; may be repeated");
  declare_output(arguments, options.output);
  declare_tag(arguments, options.tag);
  arguments.check([&options]() -> Expected<void> {
    if (options.hydra_db.empty() == options.csv.empty())
      return failure("import-trace takes one of --hydra-db and --csv");
    if (!options.columns.empty() && options.csv.empty()) return failure("--column goes with --csv");
    if (options.since && options.hydra_db.empty()) return failure("--since goes with --hydra-db");
    auto mapping = trace::parse_mapping(options.columns);
    if (!mapping) return std::unexpected(within("--column", std::move(mapping.error())));
    options.mapping = *std::move(mapping);
    return {};
  });
}

// Which machine was of which type is known where this program runs; elsewhere steps have no features.
std::vector<state::Residence> known_machines(const Options& options, const Context& context) {
  const auto journal = open_journal(context.state_dir, options.tag, "");
  if (journal) return journal->archive.residences();
  context.voice.note(fmt::format("steps get no features: {}", fmt::join(journal.error().problems, "; ")));
  return {};
}

Outcome run(Options options, Context context) {
  const auto of_hydra = [&] {
    const review::Builders builders(known_machines(options, context));
    return trace::read_hydra_database(options.hydra_db, options.since, [&](const std::string& machine, Instant began) {
      return builders.features(machine, began);
    });
  };
  const auto trace = options.csv.empty() ? of_hydra() : trace::read_trace_file(options.csv, options.mapping);
  if (!trace) return failed(trace.error());
  return write_trace(*trace, options.output, context.voice);
}

}  // namespace

Verb import_trace_verb() {
  return {.name = "import-trace",
          .section = Section::forecasts,
          .summary = "makes a trace of Hydra's database or a CSV file",
          .description =
              "Makes a trace for simulate and tune: from the build steps in Hydra's database, which is only "
              "read, or from a CSV file with other columns. docs/traces.md describes traces.",
          .examples = {{{"import-trace --hydra-db dbname=hydra --output farm.csv.zst",
                         "all build steps, into a compressed file"},
                        {"import-trace --csv ci.csv --column ready_at=submit_unix",
                         "from the history of another program, on stdout"}}},
          .on_signal = OnSignal::left_to_itself,
          .declare = command(declare, run)};
}

}  // namespace hydra_provisioner::app
