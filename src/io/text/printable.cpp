#include "io/text/printable.hpp"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <utility>

#include <fmt/format.h>

namespace hydra_provisioner::io {
namespace {

struct Character {
  std::uint32_t code = 0;
  std::size_t bytes = 1;
  bool is_valid = false;
};

// Bytes of a character that begins like this, and the bits of its code that this byte has; 0: none begins so.
std::size_t length_from(unsigned char first, std::uint32_t& bits) {
  if (first < 0x80) return bits = first, 1;
  if (first >= 0xc2 && first < 0xe0) return bits = first & 0x1fU, 2;
  if (first >= 0xe0 && first < 0xf0) return bits = first & 0x0fU, 3;
  if (first >= 0xf0 && first < 0xf5) return bits = first & 0x07U, 4;
  return 0;
}

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

// C0 and C1 controls; line separators; marks, embeddings, overrides and isolates of a direction of writing.
bool is_dangerous(std::uint32_t code) {
  const auto within = [&](std::uint32_t first, std::uint32_t last) { return code >= first && code <= last; };
  return code < 0x20 || within(0x7f, 0x9f) || code == 0x61c || within(0x200e, 0x200f) || within(0x2028, 0x202e) ||
         within(0x2066, 0x2069);
}

bool is_plain_ascii(char c) { return c >= ' ' && c < 0x7f; }

// `ESC [ 31;1 m`
std::string without_colours(std::string_view text) {
  std::string result;
  for (std::size_t at = 0; at < text.size(); ++at) {
    if (text.substr(at).starts_with("\x1b[")) {
      at = std::min(text.find_first_not_of("0123456789;?", at + 2), text.size());
    } else {
      result += text[at];
    }
  }
  return result;
}

// Bytes that a colour stood between may make a control character, so those are looked for afterwards.
std::string cleaned(std::string_view coloured, std::string_view kept) {
  if (std::ranges::all_of(coloured, [&](char c) { return is_plain_ascii(c) || kept.contains(c); }))
    return std::string(coloured);
  const std::string plain = without_colours(coloured);
  std::string result;
  for (std::string_view text = plain; !text.empty();) {
    const Character next = first_character(text);
    if (!next.is_valid) {
      result += "�";
    } else if (is_dangerous(next.code) && !kept.contains(text.front())) {
      result += ' ';
    } else {
      result += text.substr(0, next.bytes);
    }
    text.remove_prefix(next.bytes);
  }
  return result;
}

}  // namespace

std::string printable(std::string_view text) { return cleaned(text, "\n\t"); }

std::string printable_line(std::string_view text) { return cleaned(text, ""); }

std::string escaped_json(std::string json) {
  if (std::ranges::all_of(json, [](char c) { return is_plain_ascii(c) || c == '\n'; })) return json;
  std::string result;
  for (std::string_view text = json; !text.empty();) {
    const Character next = first_character(text);
    const bool is_escaped = next.is_valid && is_dangerous(next.code) && text.front() != '\n';
    result += is_escaped ? fmt::format("\\u{:04x}", next.code) : std::string(text.substr(0, next.bytes));
    text.remove_prefix(next.bytes);
  }
  return result;
}

}  // namespace hydra_provisioner::io
