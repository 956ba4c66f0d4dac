#include "reference/markdown.hpp"

#include <algorithm>
#include <cstddef>
#include <string>
#include <utility>
#include <vector>

#include <fmt/format.h>

#include "io/text/strings.hpp"

namespace hydra_provisioner::reference {
namespace {

using Cells = std::vector<std::string>;

constexpr std::string_view indent = "    ";  // of code

// `| a | b |`, where `\|` is a part of a cell.
Cells cells_of(std::string_view row) {
  Cells cells;
  std::string cell;
  for (std::size_t i = 1; i < row.size(); ++i) {
    if (row[i] == '\\' && i + 1 < row.size() && row[i + 1] == '|') {
      cell += row[++i];
    } else if (row[i] == '|') {
      cells.emplace_back(io::trimmed(cell));
      cell.clear();
    } else {
      cell += row[i];
    }
  }
  return cells;
}

bool is_rule(const Cells& cells) {
  return std::ranges::all_of(cells, [](const std::string& cell) {
    return !cell.empty() && cell.find_first_not_of("-:") == std::string::npos;
  });
}

std::string with_capital(std::string text) {
  if (!text.empty() && io::is_lower(text.front())) text.front() = static_cast<char>(text.front() - 'a' + 'A');
  return text;
}

Block row_block(const Cells& head, const Cells& cells) {
  Block block{.kind = BlockKind::tagged, .lines = {}, .tag = cells.front()};
  for (std::size_t i = 1; i < cells.size(); ++i) {
    if (cells[i].empty()) continue;
    if (head[i] == "meaning" || head.size() == 2) {
      block.lines.insert(block.lines.begin(), cells[i]);
    } else {
      block.lines.push_back(fmt::format("{}: {}", with_capital(head[i]), cells[i]));
    }
  }
  return block;
}

class Reader {
 public:
  explicit Reader(std::string_view text) : lines_(io::lines(text)) {}

  Expected<Blocks> blocks() && {
    while (place_ < lines_.size()) {
      if (const auto read = read_block(); !read) return std::unexpected(read.error());
    }
    return std::move(blocks_);
  }

 private:
  std::string_view line() const { return place_ < lines_.size() ? lines_[place_] : std::string_view(); }

  std::unexpected<Error> fault(std::string_view what) const {
    return failure(fmt::format("line {}: {}", place_ + 1, what));
  }

  Expected<void> read_block() {
    if (line().empty() || line().starts_with("# ")) {
      ++place_;
    } else if (line().starts_with("#")) {
      return read_heading();
    } else if (line().starts_with("```")) {
      return read_fenced_code();
    } else if (line().starts_with(indent)) {
      read_indented_code();
    } else if (line().starts_with("|")) {
      return read_table();
    } else if (line().starts_with("- ")) {
      return read_item();
    } else {
      return read_paragraph();
    }
    return {};
  }

  Expected<void> read_heading() {
    const auto level = line().find_first_not_of('#');
    if (level != 2 && level != 3) return fault("a heading of this level is not known");
    blocks_.push_back({.kind = level == 2 ? BlockKind::heading : BlockKind::subheading,
                       .lines = {std::string(io::trimmed(line().substr(level)))}});
    ++place_;
    return {};
  }

  Expected<void> read_fenced_code() {
    const std::size_t begin = place_++;
    Block code{.kind = BlockKind::code, .lines = {}};
    for (; place_ < lines_.size() && !line().starts_with("```"); ++place_) code.lines.emplace_back(line());
    if (place_ == lines_.size()) {
      place_ = begin;
      return fault("this code does not end");
    }
    ++place_;
    blocks_.push_back(std::move(code));
    return {};
  }

  void read_indented_code() {
    Block code{.kind = BlockKind::code, .lines = {}};
    for (; line().starts_with(indent); ++place_) code.lines.emplace_back(line().substr(indent.size()));
    blocks_.push_back(std::move(code));
  }

  Expected<void> read_table() {
    const Cells head = cells_of(line());
    ++place_;
    if (!is_rule(cells_of(line()))) return fault("a table must have a head");
    for (++place_; line().starts_with("|"); ++place_) {
      const Cells cells = cells_of(line());
      if (cells.size() != head.size())
        return fault(fmt::format("a row of {} cells in a table of {} columns", cells.size(), head.size()));
      blocks_.push_back(row_block(head, cells));
    }
    return {};
  }

  Expected<void> read_item() {
    Block item{.kind = BlockKind::item, .lines = {std::string(line().substr(2))}};
    for (++place_; line().starts_with("  "); ++place_) {
      if (io::trimmed(line()).starts_with("- ")) return fault("a list in a list is not known");
      item.lines.front() += fmt::format(" {}", io::trimmed(line()));
    }
    blocks_.push_back(std::move(item));
    return {};
  }

  Expected<void> read_paragraph() {
    if (std::string_view(">!<").contains(line().front()) || is_numbered())
      return fault(fmt::format("this form is not known: {}", line()));
    Block paragraph{.kind = BlockKind::paragraph, .lines = {std::string(line())}};
    for (++place_; continues_paragraph(); ++place_) paragraph.lines.front() += fmt::format(" {}", line());
    blocks_.push_back(std::move(paragraph));
    return {};
  }

  bool is_numbered() const {  // `1. `
    const std::size_t digits = line().find_first_not_of("0123456789");
    return digits > 0 && digits != std::string_view::npos && line().substr(digits).starts_with(". ");
  }

  bool continues_paragraph() const {
    for (const std::string_view start : {"#", "|", "- ", "```"}) {
      if (line().starts_with(start)) return false;
    }
    return !line().empty();
  }

  std::vector<std::string_view> lines_;
  std::size_t place_ = 0;
  Blocks blocks_;
};

}  // namespace

Expected<Blocks> read_markdown(std::string_view text) { return Reader(text).blocks(); }

}  // namespace hydra_provisioner::reference
