#include "io/text/url.hpp"

#include <algorithm>
#include <charconv>
#include <cstddef>
#include <iterator>

#include <fmt/format.h>

#include "io/text/strings.hpp"

namespace hydra_provisioner::io {

std::string in_url(std::string_view text) {
  std::string safe;
  for (const char c : text) {
    if (is_alphanumeric(c) || std::string_view("-._~").contains(c))
      safe += c;
    else
      fmt::format_to(std::back_inserter(safe), "%{:02X}", static_cast<unsigned char>(c));
  }
  return safe;
}

std::string from_url(std::string_view part) {
  std::string text;
  while (!part.empty()) {
    unsigned char byte = 0;
    const std::string_view digits = part.substr(1, 2);
    const bool is_escape = part.front() == '%' && digits.size() == 2 &&
                           std::from_chars(digits.begin(), digits.end(), byte, 16).ptr == digits.end();
    text += is_escape ? static_cast<char>(byte) : part.front();
    part.remove_prefix(is_escape ? 3 : 1);
  }
  return text;
}

std::map<std::string, std::string> parse_query(std::string_view query) {
  std::map<std::string, std::string> values;
  for (const std::string_view pair : words(query, "&")) {
    std::string spaced(pair);
    std::ranges::replace(spaced, '+', ' ');
    const std::size_t name_end = std::min(spaced.find('='), spaced.size());
    const std::string_view value = std::string_view(spaced).substr(std::min(name_end + 1, spaced.size()));
    values[from_url(std::string_view(spaced).substr(0, name_end))] = from_url(value);
  }
  return values;
}

}  // namespace hydra_provisioner::io
