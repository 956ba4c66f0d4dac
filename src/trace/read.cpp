#include "trace/read.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <cstddef>
#include <optional>
#include <utility>
#include <vector>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "io/file/files.hpp"
#include "io/text/wording.hpp"
#include "trace/assemble.hpp"
#include "trace/compression.hpp"
#include "trace/csv.hpp"

namespace hydra_provisioner::trace {
namespace {

constexpr std::size_t bytes_max = 1'000'000'000;
constexpr std::size_t piece_bytes = std::size_t{1} << 18;
constexpr double last_time = 253'402'300'799;        // of the year 9999
constexpr double longest_duration = 366 * 86'400.0;  // a step of more than a year is an error of units

enum Column : std::size_t { ready_at, duration_s, system, features, name, depends_on, overhead_s };
constexpr std::size_t required_columns = 3;

std::string shown(std::string_view text) { return io::quoted(text, 60); }

class TraceReader {
 public:
  TraceReader(Source text, const ColumnMapping& mapping) : rows_(std::move(text)), mapping_(mapping) {}

  Expected<Trace> read() {
    const auto has_header = rows_.next(fields_);
    if (!has_header) return at_line(has_header.error());
    if (!*has_header) return failure(fmt::format("empty, without even a header; expected {}", header));
    if (auto found = find_columns(); !found) return at_line(found.error());
    columns_ = fields_.size();
    for (;;) {
      const auto row = rows_.next(fields_);
      if (!row) return at_line(row.error());
      if (!*row) break;
      if (auto step = read_row(); !step) return at_line(step.error());
    }
    if (assembly_.size() == 0) return failure("no step in it, only a header");
    return std::move(assembly_).finish();
  }

 private:
  static constexpr std::string_view header = "ready_at,duration_s,system,features,name";

  std::unexpected<Error> at_line(Error error) const {
    return std::unexpected(within(fmt::format("line {}", rows_.line()), std::move(error)));
  }

  Expected<void> find_columns() {
    for (std::size_t i = 0; i < trace_columns.size(); ++i) {
      const std::string_view ours = trace_columns.at(i);
      if (mapping_.values.contains(ours)) continue;
      const auto renamed = mapping_.names.find(ours);
      const std::string_view theirs = renamed == mapping_.names.end() ? ours : std::string_view(renamed->second);
      const auto found = std::ranges::find(fields_, theirs);
      const bool is_required = i < required_columns || renamed != mapping_.names.end();
      if (found == fields_.end() && is_required)
        return failure(fmt::format("no column {}; there are {}", shown(theirs),
                                   io::shortened(fmt::format("{}", fmt::join(fields_, ", ")), 200)));
      if (found == fields_.end()) continue;
      if (std::ranges::count(fields_, theirs) > 1) return failure(fmt::format("two columns {}", shown(theirs)));
      places_.at(i) = static_cast<std::size_t>(found - fields_.begin());
    }
    return {};
  }

  std::string_view field(Column column) const {
    if (places_.at(column)) return fields_[*places_.at(column)];
    const auto value = mapping_.values.find(trace_columns.at(column));
    return value == mapping_.values.end() ? std::string_view{} : std::string_view(value->second);
  }

  Expected<Millis> number(Column column, double most) const {
    const std::string_view text = field(column);
    const auto wrong = [&](std::string_view what) {
      return failure(fmt::format("{}: {} {}", trace_columns.at(column), shown(text), what));
    };
    double seconds = 0;
    const auto read = std::from_chars(text.data(), text.data() + text.size(), seconds);
    if (read.ec == std::errc::result_out_of_range) return wrong("is out of range");
    if (read.ec != std::errc{} || read.ptr != text.data() + text.size() || std::isnan(seconds))
      return wrong("is not a number of seconds");
    if (seconds < 0) return wrong("is negative");
    if (seconds > most) return wrong(fmt::format("is more than {:.0f}; are these seconds?", most));
    return Millis{std::llround(seconds * 1000)};
  }

  Expected<void> read_row() {
    if (fields_.size() != columns_) {
      return failure(fmt::format("{} columns, the header has {}{}", fields_.size(), columns_,
                                 fields_.size() < columns_ ? "; is the file truncated?" : ""));
    }
    const auto ready = number(ready_at, last_time);
    if (!ready) return std::unexpected(ready.error());
    auto duration = number(duration_s, longest_duration);
    if (!duration) return std::unexpected(duration.error());
    if (!field(overhead_s).empty()) {
      const auto overhead = number(overhead_s, longest_duration);
      if (!overhead) return std::unexpected(overhead.error());
      *duration += *overhead;
      if (*duration > Millis{std::llround(longest_duration * 1000)}) {
        return failure(fmt::format("overhead_s: {} is with duration_s more than {:.0f}; are these seconds?",
                                   shown(field(overhead_s)), longest_duration));
      }
    }
    return assembly_.add({.line = rows_.line(),
                          .ready_at = *ready,
                          .duration = *duration,
                          .system = field(system),
                          .features = field(features),
                          .name = field(name),
                          .depends_on = field(depends_on)});
  }

  CsvReader rows_;
  const ColumnMapping& mapping_;
  std::vector<std::string> fields_;
  std::size_t columns_ = 0;
  std::array<std::optional<std::size_t>, trace_columns.size()> places_{};
  Assembly assembly_;
};

Source noting(const Source& text, std::optional<Error>& error) {
  return [&text, &error] {
    auto piece = text();
    if (!piece) error = piece.error();
    return piece;
  };
}

}  // namespace

Expected<ColumnMapping> parse_mapping(const std::vector<std::string>& texts) {
  ColumnMapping mapping;
  for (const std::string& text : texts) {
    const auto equals = text.find('=');
    if (equals == std::string::npos)
      return failure(fmt::format("{:?} is not COLUMN=NAME, such as ready_at=submit_unix, or COLUMN:=VALUE", text));
    const bool is_value = equals > 0 && text[equals - 1] == ':';
    const std::string column = text.substr(0, is_value ? equals - 1 : equals);
    if (std::ranges::find(trace_columns, column) == trace_columns.end())
      return failure(
          fmt::format("{:?} is not a column of a trace; columns: {}", column, fmt::join(trace_columns, ", ")));
    auto& into = is_value ? mapping.values : mapping.names;
    if (mapping.names.contains(column) || mapping.values.contains(column))
      return failure(fmt::format("{} is given twice", column));
    into.emplace(column, text.substr(equals + 1));
  }
  return mapping;
}

Expected<Trace> read_trace(std::string_view text, const ColumnMapping& mapping) {
  return TraceReader(source_of(std::string(text)), mapping).read();
}

Expected<Trace> read_trace_file(const std::string& path, const ColumnMapping& mapping) {
  const auto file = io::open_file(path);
  if (!file) return std::unexpected(file.error());
  if (!*file) return failure(fmt::format("cannot read {}: there is no such file", path));
  const Source text = decompressed([&] { return io::read_some(**file, piece_bytes); }, bytes_max);
  std::optional<Error> unreadable;  // it has no line
  auto trace = TraceReader(noting(text, unreadable), mapping).read();
  if (trace) return trace;
  if (unreadable) return std::unexpected(within(path, *unreadable));
  Error& error = trace.error();
  constexpr std::string_view line = "line ";
  // In the form that compilers use, which editors understand.
  if (error.message.starts_with(line)) return failure(path + ":" + error.message.substr(line.size()), error.kind);
  return std::unexpected(within(path, std::move(error)));
}

}  // namespace hydra_provisioner::trace
