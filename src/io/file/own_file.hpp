// Small JSON files that this program writes for itself, and that only its user may read.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>

#include "io/text/json.hpp"
#include "model/error.hpp"

namespace hydra_provisioner::io {

Expected<void> write_own_file(const std::string& path, const Json& content);

// Hands the file's content to `read`; false when there is no such file. When `read` throws an exception of
// nlohmann-json, because a key is missing or a value has another type, that is an error, too. Errors about the content
// end with the remedy: `PATH: key 'pool' not found; REMEDY`.
Expected<bool> visit_own_file(const std::string& path, const std::function<Expected<void>(const Json&)>& read,
                              std::string_view remedy = {});

// What `read`, a function from Json to some Expected<Value>, makes of the file. No value: there is no such file.
template <class Read, class Value = std::invoke_result_t<Read, const Json&>::value_type>
Expected<std::optional<Value>> read_own_file(const std::string& path, const Read& read, std::string_view remedy = {}) {
  std::optional<Value> value;
  const auto take = [&](const Json& json) -> Expected<void> {
    auto found = read(json);
    if (!found) return std::unexpected(found.error());
    value = *std::move(found);
    return {};
  };
  const auto visited = visit_own_file(path, take, remedy);
  if (!visited) return std::unexpected(visited.error());
  return value;
}

}  // namespace hydra_provisioner::io
