// Text of others, made safe for terminals and logs: everything that this program prints or logs goes through here.
#pragma once

#include <string>
#include <string_view>

namespace hydra_provisioner::io {

// Without colours. Other control characters, and those that turn the direction of writing, become blanks; bytes that
// are not UTF-8 become `�`. Line ends and tabs stay.
std::string printable(std::string_view text);

// The same on one line: what could look like another message stays within its own.
std::string printable_line(std::string_view text);

// JSON in which these characters, which JSON allows, are written as `\u202e`.
std::string escaped_json(std::string json);

}  // namespace hydra_provisioner::io
