// A trace from a file: see docs/traces.md.
#pragma once

#include <string>
#include <string_view>

#include "model/error.hpp"
#include "trace/columns.hpp"
#include "trace/trace.hpp"

namespace hydra_provisioner::trace {

// Errors name the file, the line and the column: `trace.csv:17: duration_s: "-5" is negative`.
Expected<Trace> read_trace_file(const std::string& path, const ColumnMapping& mapping = {});
Expected<Trace> read_trace(std::string_view text, const ColumnMapping& mapping = {});  // `line 17: …`

}  // namespace hydra_provisioner::trace
