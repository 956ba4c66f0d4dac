// Hashes that tell whether contents are equal. They do not protect against forgery.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace hydra_provisioner::io {

std::string content_hash(std::string_view content);  // 36 characters: 0-9, a-f and -

// FNV-1a, 64 bits: the same in every version and on every machine. `so_far` continues the hash of an earlier text.
constexpr std::uint64_t fnv1a(std::string_view text, std::uint64_t so_far = 0xcbf29ce484222325) {
  for (const char c : text) so_far = (so_far ^ static_cast<unsigned char>(c)) * 0x100000001b3;
  return so_far;
}

}  // namespace hydra_provisioner::io
