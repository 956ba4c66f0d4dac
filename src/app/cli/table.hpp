// A table for people, as wide as the screen.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "app/cli/screen.hpp"

namespace hydra_provisioner::app {

struct Cell {
  std::string text;
  std::string_view color{};  // empty: none
};
using TableRow = std::vector<Cell>;

struct TableColumn {
  std::string_view heading;
  bool is_number = false;    // it ends at the right
  bool is_left_out = false;  // on a screen that is too narrow
};

// The last column holds longer texts: it takes what the others leave, and its texts go on below themselves; if that is
// too narrow, below their rows. It is left out if it is empty.
std::string table_text(std::vector<TableColumn> columns, std::vector<TableRow> rows, const Screen& screen);

}  // namespace hydra_provisioner::app
