#include "app/cli/trace_options.hpp"

#include <CLI/CLI.hpp>

namespace hydra_provisioner::app {

void add_trace_options(CLI::App& app, TraceOptions& options) {
  constexpr std::int64_t day = 86'400;
  constexpr std::int64_t steps_max = 10'000'000;
  app.add_option("--trace", options.trace, "The steps to build: docs/traces.md (simulate, tune)");
  app.add_option("--boot", options.boot,
                 "Seconds until a machine can build; else as the journal measured, or 180 (simulate, tune)")
      ->check(CLI::Range(std::int64_t{1}, day));
  app.add_option("--interval", options.interval,
                 "A pass every so many seconds, as from cron; else as the daemon does (simulate, tune)")
      ->check(CLI::Range(std::int64_t{1}, day));
  app.add_option("--interruptions", options.interruptions,
                 "How often an hour a machine is taken away by its cloud (simulate, tune)")
      ->check(CLI::Range(0.0, 60.0));
  app.add_option("--seed", options.seed, "Another draw of what is random (simulate, tune, generate-trace)");
  app.add_option("--html", options.html, "Write a page with plots to this file (simulate)");
  app.add_option("--hydra-db", options.hydra_db, "Hydra's database, as libpq connects to it (import-trace)");
  app.add_option("--csv", options.csv, "A CSV file with other columns (import-trace)");
  app.add_option("--column", options.columns,
                 "OURS=THEIRS, such as ready_at=submit_unix, or OURS:=VALUE (import-trace)")
      ->take_all();
  app.add_option("--output", options.output,
                 "Where to, instead of stdout; .gz and .zst are compressed (import-trace, generate-trace)");
  app.add_option("--days", options.days, "How long (generate-trace)")->check(CLI::Range(0.01, 3660.0));
  app.add_option("--steps", options.steps, "How many, about (generate-trace)")
      ->check(CLI::Range(std::int64_t{1}, steps_max));
  app.add_option("--system", options.system, "Of its steps (generate-trace)");
}

}  // namespace hydra_provisioner::app
