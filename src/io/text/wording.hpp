// Parts of messages: numbers and the output of other programs, in a form that a reader understands.
#pragma once

#include <chrono>
#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace hydra_provisioner::io {

std::string os_error(int number);                              // of an errno: `No space left on device`
std::string byte_count(std::size_t bytes);                     // `1 MiB`, `64 KiB`, `1000 bytes`
std::string seconds_text(std::chrono::milliseconds duration);  // `30 s`, `0.2 s`
std::string span_text(std::chrono::seconds span);              // `12 s`, `5 min`, `3 h 05 min`, `2 d 03 h`
// The text with `15 min` for `912 s`, and so on from two minutes up.
std::string with_spans(std::string_view text);
std::string shortened(std::string text, std::size_t bytes_max);  // cut between UTF-8 characters and marked by `…`

std::string quoted(std::string_view text, std::size_t bytes_max);  // shortened, and on one line: `"a\nb"`

std::string enumerated(const std::vector<std::string>& items, std::string_view conjunction);  // `a, b or c`

// The line in which a program probably names the cause of its failure: the last that begins with `error:`, because Nix
// prints source code below it, else the last that is not blank. Printable, and shortened.
std::string last_meaningful_line(std::string_view text);

}  // namespace hydra_provisioner::io
