#include "html/markup.hpp"

#include <algorithm>
#include <array>
#include <iterator>
#include <utility>

#include <fmt/format.h>

#include "io/text/printable.hpp"

namespace hydra_provisioner::html {

// The only one that makes Markup of strings.
class Writer {
 public:
  static Markup markup(std::string text) {
    Markup markup;
    markup.text_ = std::move(text);
    return markup;
  }
};

namespace {

constexpr std::array<std::string_view, 5> without_content{"br", "hr", "input", "link", "meta"};

void escape(std::string& safe, std::string_view text) {
  for (const char c : io::printable(text)) {
    switch (c) {
      case '&':
        safe += "&amp;";
        break;
      case '<':
        safe += "&lt;";
        break;
      case '>':
        safe += "&gt;";
        break;
      case '"':
        safe += "&quot;";
        break;
      case '\'':
        safe += "&#39;";
        break;
      default:
        safe += c;
    }
  }
}

}  // namespace

Markup text(std::string_view text) {
  std::string safe;
  escape(safe, text);
  return Writer::markup(std::move(safe));
}

Markup literal(Literal text) { return Writer::markup(std::string(text.text())); }

Markup element(std::string_view tag, const Attributes& attributes, const Markup& content) {
  std::string made = fmt::format("<{}", tag);
  for (const auto& [name, value] : attributes) {
    fmt::format_to(std::back_inserter(made), " {}=\"", name);
    escape(made, value);
    made += '"';
  }
  made += '>';
  if (std::ranges::find(without_content, tag) == without_content.end())
    fmt::format_to(std::back_inserter(made), "{}</{}>", content.text(), tag);
  return Writer::markup(std::move(made));
}

Markup element(std::string_view tag, const Markup& content) { return element(tag, {}, content); }

Markup element(std::string_view tag, std::string_view content) { return element(tag, {}, text(content)); }

Markup link(std::string url, std::string_view label) { return element("a", {{"href", std::move(url)}}, text(label)); }

}  // namespace hydra_provisioner::html
