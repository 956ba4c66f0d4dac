// What the standard library lacks for plain ASCII text: trimming, splitting, numbers. None of it depends on the locale.
#pragma once

#include <charconv>
#include <optional>
#include <string>
#include <string_view>
#include <system_error>
#include <vector>

namespace hydra_provisioner::io {

constexpr bool is_digit(char c) { return c >= '0' && c <= '9'; }
constexpr bool is_lower(char c) { return c >= 'a' && c <= 'z'; }
constexpr bool is_letter(char c) { return is_lower(c) || (c >= 'A' && c <= 'Z'); }
constexpr bool is_alphanumeric(char c) { return is_letter(c) || is_digit(c); }

// Whether the text has only letters, digits and the other characters that are given.
bool is_alphanumeric(std::string_view text, std::string_view others);

constexpr char in_lower_case(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; }
std::string in_lower_case(std::string_view text);

// What a letter means behind a backslash in a string of Nix or of a derivation.
constexpr char unescaped(char letter) {
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

// Without white space at both ends.
std::string_view trimmed(std::string_view text);

// Without these characters at the end.
std::string_view without_trailing(std::string_view text, std::string_view characters);

// With blanks instead of line ends.
std::string on_one_line(std::string text);

// Without its line end.
std::string_view first_line(std::string_view text);

// Without their line ends. Behind the last one there is no further line.
std::vector<std::string_view> lines(std::string_view text);

// What stands between separators, as far as it is not empty.
std::vector<std::string_view> words(std::string_view text, std::string_view separators = " ");

// A number at the beginning of a text, and what follows it.
template <class Number>
struct LeadingNumber {
  Number number{};
  std::string_view rest;
};
// No value: there is no number, or it does not fit.
template <class Number>
std::optional<LeadingNumber<Number>> leading_number(std::string_view text) {
  LeadingNumber<Number> found;
  const auto [rest, error] = std::from_chars(text.data(), text.data() + text.size(), found.number);
  if (error != std::errc{}) return std::nullopt;
  found.rest = text.substr(static_cast<std::size_t>(rest - text.data()));
  return found;
}

// The number that the whole text is.
template <class Number>
std::optional<Number> parse_number(std::string_view text) {
  const auto found = leading_number<Number>(text);
  if (!found || !found->rest.empty()) return std::nullopt;
  return found->number;
}

}  // namespace hydra_provisioner::io
