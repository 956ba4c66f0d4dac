// Which columns of a file mean what.
#pragma once

#include <array>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "model/error.hpp"

namespace hydra_provisioner::trace {

// Those that a trace may have, required ones first.
inline constexpr std::array<std::string_view, 7> trace_columns{"ready_at", "duration_s", "system",    "features",
                                                               "name",     "depends_on", "overhead_s"};

struct ColumnMapping {
  std::map<std::string, std::string, std::less<>> names{};   // ours → the file's; not given: as ours
  std::map<std::string, std::string, std::less<>> values{};  // ours → what it is in every row
};

// `ready_at=submit_unix`: a column of another name. `system:=x86_64-linux`: a value for every row.
Expected<ColumnMapping> parse_mapping(const std::vector<std::string>& texts);

}  // namespace hydra_provisioner::trace
