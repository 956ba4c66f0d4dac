#include "trace/csv.hpp"

#include <utility>

#include <fmt/format.h>

namespace hydra_provisioner::trace {
namespace {

constexpr std::size_t field_bytes_max = 64UZ * 1024;
constexpr std::size_t fields_max = 1000;
constexpr std::size_t row_bytes_max = std::size_t{1} << 20;
constexpr std::size_t buffer_bytes = 4 * row_bytes_max;  // of several rows, so that it is seldom filled again

}  // namespace

Expected<bool> CsvReader::next(std::vector<std::string>& fields) {
  if (auto skipped = skip_empty_lines(); !skipped) return std::unexpected(skipped.error());
  line_ = next_line_;
  if (rest_.empty()) return false;
  std::size_t count = 0;
  for (;; ++count) {
    if (count == fields_max) return failure(fmt::format("more than {} columns", fields_max));
    if (count == fields.size()) fields.emplace_back();
    std::string& field = fields[count];
    field.clear();
    if (rest_.starts_with('"')) {
      if (auto read = read_quoted(field); !read) return std::unexpected(read.error());
    } else {
      read_plain(field);
    }
    if (field.size() > field_bytes_max)
      return failure(fmt::format("column {}: more than {} bytes", count + 1, field_bytes_max));
    if (!rest_.starts_with(',')) break;
    rest_.remove_prefix(1);
  }
  fields.resize(count + 1);
  const bool is_ended = take_line_end();
  if (!is_ended && !rest_.empty())
    return failure(fmt::format("column {}: something follows the closing quote", count + 1));
  if (!is_ended && !is_at_end_) return failure(fmt::format("more than {} bytes", row_bytes_max));
  return true;
}

Expected<void> CsvReader::read_quoted(std::string& field) {
  rest_.remove_prefix(1);
  for (;;) {
    const auto quote = rest_.find('"');
    if (quote == std::string_view::npos) return failure("a quoted field does not end; is the file truncated?");
    field.append(rest_.substr(0, quote));
    rest_.remove_prefix(quote + 1);
    if (!rest_.starts_with('"')) break;
    field.push_back('"');
    rest_.remove_prefix(1);
  }
  for (const char c : field) next_line_ += c == '\n' ? 1 : 0;
  return {};
}

void CsvReader::read_plain(std::string& field) {
  const auto end = std::min(rest_.find_first_of(",\r\n"), rest_.size());
  field.assign(rest_.substr(0, end));
  rest_.remove_prefix(end);
}

Expected<void> CsvReader::skip_empty_lines() {
  for (;;) {
    if (auto filled = fill(); !filled) return filled;
    if (!take_line_end()) return {};
  }
}

// Makes sure that the whole next row is in the buffer, if it is not too long.
Expected<void> CsvReader::fill() {
  if (is_at_end_ || rest_.size() >= row_bytes_max) return {};
  buffer_.erase(0, buffer_.size() - rest_.size());
  while (!is_at_end_ && buffer_.size() < buffer_bytes) {
    const auto piece = text_();
    if (!piece) return std::unexpected(piece.error());
    is_at_end_ = piece->empty();
    buffer_ += *piece;
  }
  rest_ = buffer_;
  constexpr std::string_view byte_order_mark = "\xEF\xBB\xBF";
  if (!std::exchange(has_begun_, true) && rest_.starts_with(byte_order_mark))
    rest_.remove_prefix(byte_order_mark.size());
  return {};
}

bool CsvReader::take_line_end() {
  if (!rest_.starts_with('\n') && !rest_.starts_with('\r')) return false;
  rest_.remove_prefix(rest_.starts_with("\r\n") ? 2 : 1);
  ++next_line_;
  return true;
}

std::string csv_field(std::string_view text) {
  if (text.find_first_of(",\"\r\n") == std::string_view::npos) return std::string(text);
  std::string quoted = "\"";
  for (const char c : text) quoted.append(c == '"' ? 2 : 1, c);
  return quoted + "\"";
}

}  // namespace hydra_provisioner::trace
