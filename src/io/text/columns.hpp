// Text in columns of a terminal. Each character counts as one column wide.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace hydra_provisioner::io {

std::size_t columns_of(std::string_view text);  // its characters, not its bytes

// With blanks to the right, or to the left, until it is that wide.
std::string padded(std::string_view text, std::size_t width);
std::string padded_left(std::string_view text, std::size_t width);

// Broken at blanks into lines of at most `width` columns; a longer word is broken where the line ends. At least one
// line, without line ends. The first one is `used` columns shorter.
std::vector<std::string> broken_into_lines(std::string_view text, std::size_t width, std::size_t used = 0);

}  // namespace hydra_provisioner::io
