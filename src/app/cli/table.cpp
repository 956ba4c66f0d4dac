#include "app/cli/table.hpp"

#include <algorithm>
#include <cstddef>
#include <utility>

#include "io/text/columns.hpp"
#include "io/text/printable.hpp"

namespace hydra_provisioner::app {
namespace {

constexpr std::size_t indent = 2;
constexpr std::size_t gap = 2;
constexpr std::size_t narrowest_text = 28;
constexpr std::size_t indent_below = 6;  // of texts that stand below their rows

class Table {
 public:
  Table(std::vector<TableColumn> columns, std::vector<TableRow> rows, const Screen& screen)
      : columns_(std::move(columns)), rows_(std::move(rows)), screen_(screen) {
    for (TableRow& row : rows_) {
      for (Cell& cell : row) cell.text = io::printable_line(cell.text);
    }
    measure();
    if (is_too_narrow()) leave_out_columns();
  }

  std::string text() const {
    TableRow headings;
    for (const TableColumn& column : columns_) headings.push_back({std::string(column.heading), colors::resting});
    if (!has_texts_) headings.back().text.clear();
    std::string text = is_too_narrow() ? line_of(headings, "") : lines_of(headings);
    for (const TableRow& row : rows_) text += lines_of(row);
    return text;
  }

 private:
  void measure() {
    widths_.clear();
    text_begins_ = indent;
    for (std::size_t i = 0; i + 1 < columns_.size(); ++i) {
      std::size_t width = columns_[i].heading.size();
      for (const TableRow& row : rows_) width = std::max(width, io::columns_of(row[i].text));
      widths_.push_back(width);
      text_begins_ += width + gap;
    }
    has_texts_ = std::ranges::any_of(rows_, [](const TableRow& row) { return !row.back().text.empty(); });
  }

  bool is_too_narrow() const {
    return screen_.width && text_begins_ + (has_texts_ ? narrowest_text : 0) > *screen_.width;
  }

  void leave_out_columns() {
    for (std::size_t i = columns_.size(); i-- > 0;) {
      if (!columns_[i].is_left_out) continue;
      columns_.erase(columns_.begin() + static_cast<std::ptrdiff_t>(i));
      for (TableRow& row : rows_) row.erase(row.begin() + static_cast<std::ptrdiff_t>(i));
    }
    measure();
  }

  // All but the last column, and this text.
  std::string line_of(const TableRow& row, const std::string& text) const {
    std::string line(indent, ' ');
    for (std::size_t i = 0; i + 1 < row.size(); ++i) {
      const std::string blanks(widths_[i] - io::columns_of(row[i].text), ' ');
      const std::string shown = painted(row[i].text, row[i].color, screen_);
      line += (columns_[i].is_number ? blanks + shown : shown + blanks) + std::string(gap, ' ');
    }
    line += text;
    line.erase(line.find_last_not_of(' ') + 1);
    return line + "\n";
  }

  std::string lines_of(const TableRow& row) const {
    const Cell& cell = row.back();
    const bool is_below = is_too_narrow();
    const std::size_t begin = is_below ? indent_below : text_begins_;
    auto lines = screen_.width ? io::broken_into_lines(cell.text, *screen_.width - std::min(begin, *screen_.width))
                               : std::vector<std::string>{cell.text};
    std::string text;
    for (std::size_t i = 0; i < lines.size(); ++i) {
      const std::string shown = painted(lines[i], cell.color, screen_);
      if (i == 0) text = line_of(row, is_below ? "" : shown);
      if ((i > 0 || is_below) && !shown.empty()) text += std::string(begin, ' ') + shown + "\n";
    }
    return text;
  }

  std::vector<TableColumn> columns_;
  std::vector<TableRow> rows_;
  const Screen& screen_;
  std::vector<std::size_t> widths_;  // of all columns but the last
  std::size_t text_begins_ = 0;      // where that one begins
  bool has_texts_ = false;           // in it
};

}  // namespace

std::string table_text(std::vector<TableColumn> columns, std::vector<TableRow> rows, const Screen& screen) {
  return Table(std::move(columns), std::move(rows), screen).text();
}

}  // namespace hydra_provisioner::app
