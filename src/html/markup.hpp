// HTML that is being made. A string becomes part of it only escaped: nothing but a literal of this program's own code
// is taken as it is.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace hydra_provisioner::html {

// Well-formed HTML or SVG.
class Markup {
 public:
  Markup() = default;

  const std::string& text() const { return text_; }
  bool is_empty() const { return text_.empty(); }
  Markup& operator+=(const Markup& more) {
    text_ += more.text_;
    return *this;
  }
  friend Markup operator+(Markup first, const Markup& second) { return first += second; }

 private:
  friend class Writer;

  std::string text_;
};

// Any text, made printable and escaped.
Markup text(std::string_view text);

// A literal that is HTML already.
class Literal {
 public:
  consteval Literal(const char* text) : text_(text) {}  // NOLINT(google-explicit-constructor): only literals convert
  std::string_view text() const { return text_; }

 private:
  std::string_view text_;
};
Markup literal(Literal text);

struct Attribute {
  std::string_view name;
  std::string value;  // escaped when it is written
};
using Attributes = std::vector<Attribute>;

// `<tag name="value">content</tag>`; without an end tag for elements that have none, such as input.
Markup element(std::string_view tag, const Attributes& attributes, const Markup& content = {});
Markup element(std::string_view tag, const Markup& content);
Markup element(std::string_view tag, std::string_view content);  // text

Markup link(std::string url, std::string_view label);

}  // namespace hydra_provisioner::html
