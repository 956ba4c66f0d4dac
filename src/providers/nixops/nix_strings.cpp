#include "providers/nixops/nix_strings.hpp"

#include <cstddef>

namespace hydra_provisioner::providers::nixops {
namespace {

char unescaped(char letter) {
  switch (letter) {
    case 'n':
      return '\n';
    case 'r':
      return '\r';
    case 't':
      return '\t';
    default:
      return letter;
  }
}

// What begins `rest` inside of a literal: how many characters it takes, 0 where no string can stand, and what it means.
struct Piece {
  std::size_t length = 0;
  std::string text{};
};

Piece first_piece(std::string_view rest) {
  const char first = rest.front();
  const std::string_view two = rest.substr(0, 2);
  if (first == '"' || two == "${" || rest == "\\") return {};
  if (first == '\\') return {.length = 2, .text = {unescaped(rest[1])}};
  if (two == "$$") return {.length = 2, .text = "$$"};  // as Nix reads it: `$${` begins no interpolation
  if (first == '\r') return {.length = two == "\r\n" ? std::size_t{2} : 1, .text = "\n"};
  return {.length = 1, .text = {first}};
}

}  // namespace

std::optional<std::string> decode_nix_string(std::string_view literal) {
  if (literal.size() < 2 || !literal.starts_with('"') || !literal.ends_with('"')) return std::nullopt;
  std::string text;
  for (std::string_view rest = literal.substr(1, literal.size() - 2); !rest.empty();) {
    const Piece piece = first_piece(rest);
    if (piece.length == 0) return std::nullopt;
    text += piece.text;
    rest.remove_prefix(piece.length);
  }
  return text;
}

std::string nix_string(std::string_view text) {
  std::string literal = "\"";
  for (const char c : text) {
    switch (c) {
      case '\n':
        literal += "\\n";
        break;
      case '\r':  // as it is, Nix would read a newline
        literal += "\\r";
        break;
      case '\t':
        literal += "\\t";
        break;
      case '"':
      case '\\':
      case '$':
        literal += '\\';
        [[fallthrough]];
      default:
        literal += c;
    }
  }
  return literal + '"';
}

}  // namespace hydra_provisioner::providers::nixops
