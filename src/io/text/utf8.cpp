#include "io/text/utf8.hpp"

namespace hydra_provisioner::io {
namespace {

// Bytes of a character that begins like this, and the bits of its code that this byte has; 0: none begins so.
std::size_t length_from(unsigned char first, std::uint32_t& bits) {
  if (first < 0x80) return bits = first, 1;
  if (first >= 0xc2 && first < 0xe0) return bits = first & 0x1fU, 2;
  if (first >= 0xe0 && first < 0xf0) return bits = first & 0x0fU, 3;
  if (first >= 0xf0 && first < 0xf5) return bits = first & 0x07U, 4;
  return 0;
}

}  // namespace

Character first_character(std::string_view text) {
  Character found;
  const std::size_t bytes = length_from(static_cast<unsigned char>(text.front()), found.code);
  if (bytes == 0 || bytes > text.size()) return found;
  for (const char c : text.substr(1, bytes - 1)) {
    const auto byte = static_cast<unsigned char>(c);
    if ((byte & 0xc0U) != 0x80U) return found;
    found.code = found.code << 6U | (byte & 0x3fU);
  }
  const bool is_overlong = (bytes == 3 && found.code < 0x800) || (bytes == 4 && found.code < 0x10000);
  const bool is_surrogate = found.code >= 0xd800 && found.code < 0xe000;
  if (is_overlong || is_surrogate || found.code > 0x10ffff) return found;
  return {.code = found.code, .bytes = bytes, .is_valid = true};
}

}  // namespace hydra_provisioner::io
