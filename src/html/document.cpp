#include "html/document.hpp"

#include <fmt/format.h>

namespace hydra_provisioner::html {
namespace {

Markup head_of(const Document& document) {
  Markup head = literal(R"(<meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">)"
                        R"(<meta name="color-scheme" content="light dark">)");
  head += element("title", document.title);
  return head + document.head;
}

}  // namespace

std::string page_text(const Document& document) {
  std::string page = fmt::format("<!DOCTYPE html>\n<html lang=\"en\">\n<head>{}", head_of(document).text());
  if (document.head.is_empty()) page += fmt::format("<style>{}</style>", style_sheet);
  page += "</head>\n<body>\n<a class=\"skip\" href=\"#content\">Skip to the content</a>\n";
  if (!document.navigation.is_empty())
    page += element("header", element("nav", {{"aria-label", "Pages"}}, document.navigation)).text() + "\n";
  page += element("main", {{"id", "content"}, {"tabindex", "-1"}}, document.content).text() + "\n";
  if (!document.footer.is_empty()) page += element("footer", document.footer).text() + "\n";
  return page + "</body>\n</html>\n";
}

Markup scrolling(std::string_view name, const Markup& wide) {
  return element("div", {{"class", "scroll"}, {"tabindex", "0"}, {"role", "region"}, {"aria-label", std::string(name)}},
                 wide);
}

}  // namespace hydra_provisioner::html
