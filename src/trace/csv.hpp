// Comma-separated values as in RFC 4180: quoted fields may hold commas, quotes and line ends.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "model/error.hpp"
#include "trace/source.hpp"

namespace hydra_provisioner::trace {

class CsvReader {
 public:
  // A byte order mark is skipped.
  explicit CsvReader(Source text) : text_(std::move(text)) {}

  // Reads the next row into `fields`, and skips empty lines. False: there is no row left.
  Expected<bool> next(std::vector<std::string>& fields);
  // Of the row that was read last, from 1.
  std::size_t line() const { return line_; }

 private:
  Expected<void> read_quoted(std::string& field);
  void read_plain(std::string& field);
  Expected<void> skip_empty_lines();
  Expected<void> fill();
  bool take_line_end();

  Source text_;
  std::string buffer_;
  std::string_view rest_;   // of the buffer
  bool is_at_end_ = false;  // all of the text is or was in the buffer
  bool has_begun_ = false;
  std::size_t line_ = 0;       // where the row begins
  std::size_t next_line_ = 1;  // where the rest begins
};

// The text as a field, quoted if it has to be.
std::string csv_field(std::string_view text);

}  // namespace hydra_provisioner::trace
