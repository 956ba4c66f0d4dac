// A whole page around its content. All pages look alike, on a phone as on a wide screen, in light as in dark.
#pragma once

#include <string>
#include <string_view>

#include "html/markup.hpp"

namespace hydra_provisioner::html {

// In CSS. The colours of plots are classes of it: see plot.hpp.
extern const std::string_view style_sheet;

struct Document {
  std::string title;
  Markup head{};        // links to a style sheet and to scripts; empty: the style sheet is written into the page
  Markup navigation{};  // empty: none
  Markup content;       // begins with the heading of the first level
  Markup footer{};
};

std::string page_text(const Document& document);

// What may be wider than the screen, such as a table, and then scrolls by itself, also by keys. The name is for those
// who cannot see it.
Markup scrolling(std::string_view name, const Markup& wide);

}  // namespace hydra_provisioner::html
