// What errors are made of: numbers and foreign texts as a reader wants them in a message.
#pragma once

#include <chrono>
#include <cstddef>
#include <string>
#include <string_view>

namespace hydra_provisioner::io {

std::string os_error(int number);                                // of an errno: `No space left on device`
std::string byte_count(std::size_t bytes);                       // `1 MiB`, `64 KiB`, `1000 bytes`
std::string seconds_text(std::chrono::milliseconds duration);    // `30 s`, `0.2 s`
std::string shortened(std::string text, std::size_t bytes_max);  // cut between UTF-8 characters and marked by `…`

}  // namespace hydra_provisioner::io
