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

// Hands the text's content to `read`. When that throws an exception of nlohmann-json, because a key is missing or a
// value has another type, that is an error, too. Errors end with the remedy: `PLACE: key 'pool' not found; REMEDY`.
Expected<void> visit_own_text(std::string_view text, std::string_view place,
                              const std::function<Expected<void>(const Json&)>& read, std::string_view remedy = {});
Expected<std::optional<std::string>> read_own_content(const std::string& path);  // none: there is no such file

// What `read`, a function from Json to some Expected<Value>, makes of such a text.
template <class Read, class Value = std::invoke_result_t<Read, const Json&>::value_type>
Expected<Value> read_own_text(std::string_view text, std::string_view place, const Read& read,
                              std::string_view remedy = {}) {
  std::optional<Value> value;
  const auto take = [&](const Json& json) -> Expected<void> {
    auto found = read(json);
    if (!found) return std::unexpected(found.error());
    value = *std::move(found);
    return {};
  };
  if (const auto visited = visit_own_text(text, place, take, remedy); !visited) return std::unexpected(visited.error());
  return *std::move(value);
}

// The same of a file. No value: there is no such file.
template <class Read, class Value = std::invoke_result_t<Read, const Json&>::value_type>
Expected<std::optional<Value>> read_own_file(const std::string& path, const Read& read, std::string_view remedy = {}) {
  const auto content = read_own_content(path);
  if (!content) return std::unexpected(content.error());
  if (!*content) return std::nullopt;
  auto value = read_own_text(**content, path, read, remedy);
  if (!value) return std::unexpected(value.error());
  return *std::move(value);
}

}  // namespace hydra_provisioner::io
