#include "io/text/base64.hpp"

#include <array>
#include <cstdint>

namespace hydra_provisioner::io {
namespace {

constexpr std::string_view alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

constexpr std::uint8_t no_digit = 64;

// Machines files have a key in each line.
constexpr std::array<std::uint8_t, 256> values = [] {
  std::array<std::uint8_t, 256> all{};
  all.fill(no_digit);
  std::uint8_t value = 0;
  for (const char digit : alphabet) all[static_cast<unsigned char>(digit)] = value++;
  return all;
}();

}  // namespace

std::string to_base64(std::string_view bytes) {
  std::string text;
  text.reserve((bytes.size() + 2) / 3 * 4);
  std::uint32_t buffer = 0;
  int bits = 0;
  for (const char byte : bytes) {
    buffer = (buffer << 8) | static_cast<unsigned char>(byte);
    for (bits += 8; bits >= 6; bits -= 6) text += alphabet[(buffer >> (bits - 6)) & 63];
  }
  if (bits > 0) text += alphabet[(buffer << (6 - bits)) & 63];
  text.append((4 - text.size() % 4) % 4, '=');
  return text;
}

std::optional<std::string> from_base64(std::string_view text) {
  std::string bytes;
  bytes.reserve(text.size() / 4 * 3);
  std::uint32_t buffer = 0;
  int bits = 0;
  for (const char letter : text.substr(0, text.find('='))) {
    const std::uint8_t value = values[static_cast<unsigned char>(letter)];
    if (value == no_digit) return std::nullopt;
    buffer = (buffer << 6) | value;
    bits += 6;
    if (bits < 8) continue;
    bits -= 8;
    bytes += static_cast<char>((buffer >> bits) & 255);
  }
  // Only one form of padding and unused bits is valid: the one that to_base64() writes.
  if (to_base64(bytes) != text) return std::nullopt;
  return bytes;
}

}  // namespace hydra_provisioner::io
