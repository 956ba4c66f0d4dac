// Logs that grow by appending, from several processes at a time.
#pragma once

#include <string>
#include <string_view>

#include "io/file/descriptor.hpp"
#include "model/error.hpp"

namespace hydra_provisioner::io {

// A log of more than 4 MiB becomes PATH.1, in place of an older one, so that logs do not grow for years.
void limit_log(const std::string& path);

// Opens the log for appending, and makes its folder when it is missing. Each piece of text that is written stays whole,
// also while other processes append.
Expected<Descriptor> open_log(const std::string& path);

// Ignores errors: a log that cannot be written, on a full disk say, is no reason to stop what is logged.
void append(const Descriptor& log, std::string_view text);

}  // namespace hydra_provisioner::io
