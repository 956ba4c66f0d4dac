// Logs that grow by appending, from several processes at a time.
#pragma once

#include <string>
#include <string_view>

#include "io/file/files.hpp"
#include "model/error.hpp"

namespace hydra_provisioner::io {

// A log holds the latest of what happened, not years of it: one of more than 4 MiB becomes PATH.1, in place of an older
// one.
void limit_log(const std::string& path);

// To append to; its folder is made when it is missing. What was written stays in one piece, whoever else appends.
Expected<Descriptor> open_log(const std::string& path);

// A log that cannot be written, on a full disk say, is no reason to stop what is logged.
void append(const Descriptor& log, std::string_view text);

}  // namespace hydra_provisioner::io
