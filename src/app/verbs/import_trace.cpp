#include "app/verbs/import_trace.hpp"

#include <fmt/format.h>

#include "app/cli/exit_status.hpp"
#include "app/verbs/trace_output.hpp"
#include "trace/columns.hpp"
#include "trace/hydra_database.hpp"
#include "trace/read.hpp"

namespace hydra_provisioner::app {

int import_trace(const Options& options, TerminalVoice& voice) {
  if (!options.traces.hydra_db.empty())
    return put_out(trace::read_hydra_database(options.traces.hydra_db, options.since), options, voice);
  const auto mapping = trace::parse_mapping(options.traces.columns);
  if (!mapping) {
    voice.problem("--column: " + mapping.error().message);
    return exit_status::usage;
  }
  return put_out(trace::read_trace_file(options.traces.csv, *mapping), options, voice);
}

}  // namespace hydra_provisioner::app
