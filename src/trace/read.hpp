// A trace from a file, and which columns of the file mean what: see docs/traces.md.
#pragma once

#include <array>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "model/error.hpp"
#include "trace/trace.hpp"

namespace hydra_provisioner::trace {

// The columns that a trace may have, required ones first.
inline constexpr std::array<std::string_view, 7> trace_columns{"ready_at", "duration_s", "system",    "features",
                                                               "name",     "depends_on", "overhead_s"};

struct ColumnMapping {
  std::map<std::string, std::string, std::less<>> names{};  // ours → the file's; a column without an entry has our name
  std::map<std::string, std::string, std::less<>> values{};  // ours → its value in every row
};

// `ready_at=submit_unix` gives the file's name of a column, `system:=x86_64-linux` a value for every row.
Expected<ColumnMapping> parse_mapping(const std::vector<std::string>& texts);

// Errors name the file, the line and the column: `trace.csv:17: duration_s: "-5" is negative`.
Expected<Trace> read_trace_file(const std::string& path, const ColumnMapping& mapping = {});
Expected<Trace> read_trace(std::string_view text, const ColumnMapping& mapping = {});  // `line 17: …`

}  // namespace hydra_provisioner::trace
