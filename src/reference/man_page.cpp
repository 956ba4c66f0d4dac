#include "reference/man_page.hpp"

#include <algorithm>
#include <cstddef>
#include <utility>
#include <vector>

#include <fmt/format.h>

#include "io/text/columns.hpp"
#include "io/text/strings.hpp"
#include "io/text/utf8.hpp"

namespace hydra_provisioner::reference {
namespace {

constexpr std::size_t source_columns = 78;  // of the source of a page
constexpr std::size_t code_columns = 67;    // of code, which is indented twice

std::string_view name_of(char c) {
  switch (c) {
    case '\\':
      return "\\[rs]";
    case '-':
      return "\\-";  // else it may become a typographic hyphen
    case '`':
      return "\\[ga]";
    case '\'':
      return "\\[aq]";
    case '"':
      return "\\[dq]";
    case '^':
      return "\\[ha]";
    case '~':
      return "\\[ti]";
    default:
      return {};
  }
}

std::string escaped(std::string_view text) {
  std::string escaped;
  while (!text.empty()) {
    const io::Character character = io::first_character(text);
    if (character.is_valid && character.code >= 0x80) {
      escaped += fmt::format("\\[u{:04X}]", character.code);
    } else if (const std::string_view name = name_of(text.front()); !name.empty()) {
      escaped += name;
    } else {
      escaped += text.front();
    }
    text.remove_prefix(character.bytes);
  }
  return escaped;
}

// Its words are not hyphenated.
std::string escaped_code(std::string_view text) {
  std::string code = "\\%";
  for (const char c : escaped(text)) code += c == ' ' ? " \\%" : std::string(1, c);
  return code;
}

// A part of the text that is marked, at its beginning.
struct Marked {
  std::string_view content;
  char font = 'R';
  std::size_t size = 0;  // with its marks; 0: nothing is marked here
};

Marked marked_by(std::string_view text, std::string_view mark, char font) {
  if (!text.starts_with(mark) || text.substr(mark.size()).starts_with(' ')) return {};
  const auto end = text.find(mark, mark.size());
  if (end == std::string_view::npos || end == mark.size()) return {};
  return {.content = text.substr(mark.size(), end - mark.size()), .font = font, .size = end + mark.size()};
}

Marked link_at(std::string_view text) {
  if (!text.starts_with('[')) return {};
  const auto middle = text.find("](");
  const auto end = text.find(')', middle);
  if (middle == std::string_view::npos || end == std::string_view::npos || text.find('[', 1) < middle) return {};
  return {.content = text.substr(1, middle - 1), .font = 'R', .size = end + 1};
}

// A line that begins with a dot would be a request.
std::string as_text_line(std::string line) { return line.starts_with('.') ? "\\&" + line : line; }

std::string filled(std::string_view text) {
  std::string lines;
  std::string line;
  for (const std::string_view word : io::words(text)) {
    if (!line.empty() && line.size() + 1 + word.size() > source_columns)
      lines += as_text_line(std::exchange(line, "")) + "\n";
    line += line.empty() ? std::string(word) : fmt::format(" {}", word);
  }
  return lines + as_text_line(line) + "\n";
}

// A longer line goes on below, indented.
std::vector<std::string> fitting(const std::string& line) {
  if (io::columns_of(line) <= code_columns) return {line};
  constexpr std::size_t indent_max = 30;
  const std::size_t begin = std::min(line.find_first_not_of(' '), indent_max);
  std::vector<std::string> lines;
  for (const std::string& part : io::broken_into_lines(std::string_view(line).substr(begin), code_columns - begin - 4))
    lines.push_back(std::string(lines.empty() ? begin : begin + 4, ' ') + part);
  return lines;
}

std::string in_capitals(std::string_view text) {
  std::string capitals(text);
  for (char& c : capitals) {
    if (io::is_lower(c)) c = static_cast<char>(c - 'a' + 'A');
  }
  return capitals;
}

class Writer {
 public:
  explicit Writer(std::string start) : page_(std::move(start)) {}

  std::string page(const Blocks& blocks) && {
    for (const Block& block : blocks) {
      if (block.is_inner != is_inner_) page_ += block.is_inner ? ".RS\n" : ".RE\n";
      is_inner_ = block.is_inner;
      write(block);
      is_after_heading_ = block.kind == BlockKind::heading || block.kind == BlockKind::subheading;
    }
    return std::move(page_) + (is_inner_ ? ".RE\n" : "");
  }

 private:
  void write(const Block& block) {
    switch (block.kind) {
      case BlockKind::heading:
        page_ += fmt::format(".SH {}\n", roff_text(in_capitals(block.lines.front())));
        return;
      case BlockKind::subheading:
        page_ += fmt::format(".SS {}\n", roff_text(block.lines.front()));
        return;
      case BlockKind::paragraph:
        if (!is_after_heading_) page_ += ".PP\n";
        break;
      case BlockKind::item:
        page_ += ".IP \\(bu 2\n";
        break;
      case BlockKind::tagged:
        page_ += fmt::format(".TP\n{}\n", as_text_line(roff_text(block.tag)));
        break;
      case BlockKind::code:
        write_code(block.lines);
        return;
    }
    for (std::size_t i = 0; i < block.lines.size(); ++i)
      page_ += (i > 0 ? ".br\n" : "") + filled(roff_text(block.lines[i]));
  }

  void write_code(const std::vector<std::string>& lines) {
    if (!is_after_heading_) page_ += ".PP\n";
    page_ += ".RS 4\n.EX\n";
    for (const std::string& line : lines) {
      for (const std::string& part : fitting(line)) page_ += as_text_line(escaped(part)) + "\n";
    }
    page_ += ".EE\n.RE\n";
  }

  std::string page_;
  bool is_inner_ = false;
  bool is_after_heading_ = true;
};

}  // namespace

std::string roff_text(std::string_view markdown) {
  std::string text;
  while (!markdown.empty()) {
    Marked found = marked_by(markdown, "`", 'B');
    const bool is_code = found.size > 0;
    if (found.size == 0) found = marked_by(markdown, "**", 'B');
    if (found.size == 0) found = marked_by(markdown, "*", 'I');
    if (found.size == 0) found = link_at(markdown);
    if (found.size == 0) {
      const std::size_t plain = std::max<std::size_t>(1, std::min(markdown.find_first_of("`*["), markdown.size()));
      text += escaped(markdown.substr(0, plain));
      markdown.remove_prefix(plain);
      continue;
    }
    const std::string content = is_code ? escaped_code(found.content) : roff_text(found.content);
    text += found.font == 'R' ? content : fmt::format("\\f{}{}\\fR", found.font, content);
    markdown.remove_prefix(found.size);
  }
  return text;
}

// Its lines are not justified: the blanks in commands and values would be stretched.
std::string man_page(const PageTitle& title, const Edition& edition, const Blocks& blocks) {
  return Writer(fmt::format(".\\\" Made from the sources of hydra-provisioner by src/reference/.\n"
                            ".TH {} {} {} \"hydra\\-provisioner {}\" hydra\\-provisioner\n.ad l\n.SH NAME\n{} \\- {}\n",
                            escaped(in_capitals(title.name)), title.section, edition.date, edition.version,
                            escaped(title.name), escaped(title.summary)))
      .page(blocks);
}

}  // namespace hydra_provisioner::reference
