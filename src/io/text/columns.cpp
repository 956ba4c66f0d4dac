#include "io/text/columns.hpp"

#include <algorithm>

#include "io/text/strings.hpp"

namespace hydra_provisioner::io {
namespace {

bool continues_a_character(char byte) { return (static_cast<unsigned char>(byte) & 0xc0U) == 0x80U; }

// The first characters of the text, as bytes.
std::string_view first_columns(std::string_view text, std::size_t columns) {
  std::size_t bytes = 0;
  for (; columns > 0 && bytes < text.size(); --columns) {
    do ++bytes;
    while (bytes < text.size() && continues_a_character(text[bytes]));
  }
  return text.substr(0, bytes);
}

}  // namespace

std::size_t columns_of(std::string_view text) {
  return static_cast<std::size_t>(std::ranges::count_if(text, [](char c) { return !continues_a_character(c); }));
}

std::string padded(std::string_view text, std::size_t width) {
  return std::string(text).append(width - std::min(columns_of(text), width), ' ');
}

std::string padded_left(std::string_view text, std::size_t width) {
  return std::string(width - std::min(columns_of(text), width), ' ').append(text);
}

std::vector<std::string> broken_into_lines(std::string_view text, std::size_t width, std::size_t used) {
  width = std::max<std::size_t>(width, 1);
  std::vector<std::string> lines(1);
  std::size_t room = width - std::min(used, width);
  for (std::string_view word : words(text)) {
    const bool is_first = lines.back().empty();
    if (columns_of(word) + (is_first ? 0 : 1) <= room) {
      if (!is_first) lines.back() += ' ';
      room -= columns_of(word) + (is_first ? 0 : 1);
      lines.back() += word;
      continue;
    }
    if (!is_first || room < width) lines.emplace_back();
    for (; columns_of(word) > width; lines.emplace_back()) {
      const std::string_view part = first_columns(word, width);
      lines.back() = part;
      word.remove_prefix(part.size());
    }
    lines.back() = word;
    room = width - columns_of(word);
  }
  return lines;
}

}  // namespace hydra_provisioner::io
