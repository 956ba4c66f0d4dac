// The forms of Markdown that docs/ uses, read into blocks: headings, paragraphs, lists, code and tables.
#pragma once

#include <string_view>

#include "model/error.hpp"
#include "reference/blocks.hpp"

namespace hydra_provisioner::reference {

// The title is left out. A row of a table becomes a tagged block: its first cell is the tag. The cell below `meaning`
// comes first; the others of a table with more than two columns begin with the heads of their columns. Fails for other
// forms, such as lists in lists, with the line.
Expected<Blocks> read_markdown(std::string_view text);

}  // namespace hydra_provisioner::reference
