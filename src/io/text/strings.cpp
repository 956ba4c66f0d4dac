#include "io/text/strings.hpp"

#include <algorithm>

namespace hydra_provisioner::io {

bool is_alphanumeric(std::string_view text, std::string_view others) {
  return std::ranges::all_of(text, [&](char c) { return is_alphanumeric(c) || others.contains(c); });
}

std::string in_lower_case(std::string_view text) {
  std::string lower(text);
  std::ranges::transform(lower, lower.begin(), [](char c) { return in_lower_case(c); });
  return lower;
}

std::string_view trimmed(std::string_view text) {
  constexpr std::string_view blanks = " \t\r\n";
  text.remove_prefix(std::min(text.find_first_not_of(blanks), text.size()));
  return without_trailing(text, blanks);
}

std::string_view without_trailing(std::string_view text, std::string_view characters) {
  return text.substr(0, text.find_last_not_of(characters) + 1);  // npos + 1 is 0
}

std::string on_one_line(std::string text) {
  std::ranges::replace(text, '\n', ' ');
  return text;
}

std::string_view first_line(std::string_view text) { return text.substr(0, text.find('\n')); }

std::vector<std::string_view> lines(std::string_view text) {
  std::vector<std::string_view> found;
  while (!text.empty()) {
    found.push_back(first_line(text));
    text.remove_prefix(std::min(found.back().size() + 1, text.size()));
  }
  return found;
}

std::vector<std::string_view> words(std::string_view text, std::string_view separators) {
  std::vector<std::string_view> found;
  for (auto start = text.find_first_not_of(separators); start != std::string_view::npos;) {
    const auto end = text.find_first_of(separators, start);
    found.push_back(text.substr(start, end - start));
    start = text.find_first_not_of(separators, end);
  }
  return found;
}

}  // namespace hydra_provisioner::io
