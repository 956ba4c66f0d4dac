// gzip and Zstandard, recognized by the first bytes.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

#include "model/error.hpp"
#include "trace/source.hpp"

namespace hydra_provisioner::trace {

enum class Compression { none, gzip, zstd };

Compression compression_of(std::string_view data);
Compression compression_of_name(std::string_view file);  // by `.gz` and `.zst`

// Hands on data that is not compressed as it is. Fails when the data is damaged or cut off, becomes more than
// `bytes_max`, or so much larger that it can only be meant to fill the memory.
Source decompressed(Source data, std::size_t bytes_max);
// The same of data in memory.
Expected<std::string> decompress(std::string data, std::size_t bytes_max);
std::string compress(std::string_view data, Compression how);

}  // namespace hydra_provisioner::trace
