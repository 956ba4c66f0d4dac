#include "io/text/printable.hpp"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <utility>

#include <fmt/format.h>

#include "io/text/utf8.hpp"

namespace hydra_provisioner::io {
namespace {

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
