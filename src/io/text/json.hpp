// JSON that can be trusted: nlohmann-json takes the last of two equal keys, narrows numbers silently and has no limit
// on depth.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include <nlohmann/json_fwd.hpp>

#include "model/error.hpp"

namespace hydra_provisioner::io {

using Json = nlohmann::json;

// Fails for text that is not JSON, for equal keys in one object, and beyond 100 levels: `line 3, column 7: unexpected
// '}'`.
Expected<Json> parse_json(std::string_view text);

// As above, but an object's members are kept only where `is_wanted` says so, by their level (1 in the outermost object)
// and key. What is not kept is checked for nothing but its syntax: big documents of which little is read take a third
// of the time.
using JsonSelection = bool (*)(std::size_t level, std::string_view key);
Expected<Json> parse_json(std::string_view text, JsonSelection is_wanted);

// The messages say what was found and what is expected, without saying where: callers put the path before it.
Expected<std::int64_t> as_whole_number(const Json& value, std::int64_t min, std::int64_t max);  // 3.0 is none
Expected<std::string> as_text(const Json& value);
Expected<bool> as_boolean(const Json& value);
Expected<std::vector<std::string>> as_texts(const Json& value);

// What stands there, short enough for a message: `"10 min"`, `a list`, `null`.
std::string describe(const Json& value);

// A file's content: two-space indentation, keys sorted, a newline at the end.
std::string pretty(const Json& value);

// On one line. In both, what is not UTF-8 (foreign output may be anything) is replaced.
std::string compact(const Json& value);

}  // namespace hydra_provisioner::io
