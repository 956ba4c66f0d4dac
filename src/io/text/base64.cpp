#include "io/text/base64.hpp"

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>

namespace hydra_provisioner::io {
namespace {

constexpr std::string_view alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

constexpr std::string_view padding = "==";

constexpr std::uint8_t no_digit = 64;

// Machines files have a key in each line.
constexpr std::array<std::uint8_t, 256> values = [] {
  std::array<std::uint8_t, 256> all{};
  all.fill(no_digit);
  std::uint8_t value = 0;
  for (const char digit : alphabet) all[static_cast<unsigned char>(digit)] = value++;
  return all;
}();

std::uint8_t value_of(char digit) { return values[static_cast<unsigned char>(digit)]; }

}  // namespace

std::string to_base64(std::string_view bytes) {
  std::string text((bytes.size() + 2) / 3 * 4, '=');
  auto end = text.begin();
  std::uint32_t buffer = 0;
  int bits = 0;
  for (const char byte : bytes) {
    buffer = (buffer << 8) | static_cast<unsigned char>(byte);
    for (bits += 8; bits >= 6; bits -= 6) *end++ = alphabet[(buffer >> (bits - 6)) & 63];
  }
  if (bits > 0) *end = alphabet[(buffer << (6 - bits)) & 63];
  return text;
}

bool is_base64(std::string_view text) {
  const std::string_view digits = text.substr(0, text.find('='));
  if (std::ranges::any_of(digits, [](char digit) { return value_of(digit) == no_digit; })) return false;
  const std::size_t last = digits.size() % 4;
  if (last == 0) return digits.size() == text.size();
  if (last == 1 || text.substr(digits.size()) != padding.substr(last - 2)) return false;
  const int unused_bits = last == 2 ? 15 : 3;
  return (value_of(digits.back()) & unused_bits) == 0;
}

std::optional<std::string> from_base64(std::string_view text) {
  if (!is_base64(text)) return std::nullopt;
  const std::string_view digits = text.substr(0, text.find('='));
  std::string bytes(digits.size() * 3 / 4, '\0');
  auto end = bytes.begin();
  std::uint32_t buffer = 0;
  int bits = 0;
  for (const char digit : digits) {
    buffer = (buffer << 6) | value_of(digit);
    bits += 6;
    if (bits < 8) continue;
    bits -= 8;
    *end++ = static_cast<char>((buffer >> bits) & 255);
  }
  return bytes;
}

}  // namespace hydra_provisioner::io
