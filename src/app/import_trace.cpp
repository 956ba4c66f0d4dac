#include "app/import_trace.hpp"

#include <fmt/format.h>

#include "app/exit_status.hpp"
#include "app/trace_output.hpp"
#include "trace/columns.hpp"
#include "trace/hydra_database.hpp"
#include "trace/read.hpp"

namespace hydra_provisioner {

int import_trace(const Options& options, TerminalVoice& voice) {
  if (!options.traces.hydra_db.empty())
    return put_out(read_hydra_database(options.traces.hydra_db, options.since), options, voice);
  const auto mapping = parse_mapping(options.traces.columns);
  if (!mapping) {
    voice.problem("--column: " + mapping.error().message);
    return exit_status::usage;
  }
  return put_out(read_trace_file(options.traces.csv, *mapping), options, voice);
}

}  // namespace hydra_provisioner
