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

// As above, but keeps only the members of objects for which `is_wanted` returns true, by their level (1 in the
// outermost object) and key. Of the rest only the syntax is checked, so a big document of which little is read takes a
// third of the time.
using JsonSelection = bool (*)(std::size_t level, std::string_view key);
Expected<Json> parse_json(std::string_view text, JsonSelection is_wanted);

// The messages say what was found and what is expected. Callers add where, with within().
Expected<std::int64_t> as_whole_number(const Json& value, std::int64_t min, std::int64_t max);  // not 3.0
// For readers that let nlohmann-json's exceptions fly: throws one for anything but a whole number of at most 2^53
// either way. nlohmann's own get() converts a fraction, and what it does with 1e300 is undefined.
std::int64_t whole_number_of(const Json& value);
Expected<std::string> as_text(const Json& value);
Expected<bool> as_boolean(const Json& value);
Expected<std::vector<std::string>> as_texts(const Json& value);

// A value as messages show it, shortened: `"10 min"`, `a list`, `null`.
std::string describe(const Json& value);

// As the content of a file: indented by two spaces, keys sorted, a newline at the end.
std::string pretty(const Json& value);

// On one line. Both functions replace bytes that are not UTF-8, which the output of other programs may contain, and
// escape what a terminal would obey.
std::string compact(const Json& value);

}  // namespace hydra_provisioner::io
