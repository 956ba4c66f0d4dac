#include "io/file/own_file.hpp"

#include <cstddef>
#include <string_view>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "io/file/files.hpp"

namespace hydra_provisioner::io {
namespace {

constexpr std::size_t bytes_max = std::size_t{4} << 20;

// `key 'pool' not found`, out of nlohmann's `[json.exception.out_of_range.403] key 'pool' not found`.
std::string_view essence(std::string_view message) {
  const auto end = message.find("] ");
  return end == std::string_view::npos ? message : message.substr(end + 2);
}

}  // namespace

Expected<void> write_own_file(const std::string& path, const Json& content) {
  return replace_file(path, pretty(content), 0600);
}

Expected<void> visit_own_text(std::string_view text, std::string_view place,
                              const std::function<Expected<void>(const Json&)>& read, std::string_view remedy) {
  const auto damaged = [&](std::string_view what) {
    return failure(fmt::format("{}: {}{}{}", place, what, remedy.empty() ? "" : "; ", remedy));
  };
  const auto json = parse_json(text);
  if (!json) return damaged(json.error().message);
  try {
    const auto done = read(*json);
    if (!done) return damaged(done.error().message);
  } catch (const Json::exception& error) {
    return damaged(essence(error.what()));
  }
  return {};
}

Expected<std::optional<std::string>> read_own_content(const std::string& path) { return read_file(path, bytes_max); }

}  // namespace hydra_provisioner::io
