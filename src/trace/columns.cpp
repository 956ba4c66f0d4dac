#include "trace/columns.hpp"

#include <algorithm>

#include <fmt/format.h>
#include <fmt/ranges.h>

namespace hydra_provisioner::trace {

Expected<ColumnMapping> parse_mapping(const std::vector<std::string>& texts) {
  ColumnMapping mapping;
  for (const std::string& text : texts) {
    const auto equals = text.find('=');
    if (equals == std::string::npos)
      return failure(fmt::format("{:?} is not COLUMN=NAME, such as ready_at=submit_unix, or COLUMN:=VALUE", text));
    const bool is_value = equals > 0 && text[equals - 1] == ':';
    const std::string column = text.substr(0, is_value ? equals - 1 : equals);
    if (std::ranges::find(trace_columns, column) == trace_columns.end())
      return failure(fmt::format("{:?} is no column of a trace; they are {}", column, fmt::join(trace_columns, ", ")));
    auto& into = is_value ? mapping.values : mapping.names;
    if (mapping.names.contains(column) || mapping.values.contains(column))
      return failure(fmt::format("{} is given twice", column));
    into.emplace(column, text.substr(equals + 1));
  }
  return mapping;
}

}  // namespace hydra_provisioner::trace
