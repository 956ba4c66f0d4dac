#include "io/text/json.hpp"

#include <algorithm>
#include <cstddef>
#include <limits>
#include <utility>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "io/text/printable.hpp"
#include "io/text/wording.hpp"

namespace hydra_provisioner::io {
namespace {

constexpr std::size_t levels_max = 100;

std::string position(std::string_view text, std::size_t offset) {
  const std::string_view before = text.substr(0, offset);
  const auto lines = std::ranges::count(before, '\n');
  const std::size_t line_start = before.rfind('\n') + 1;  // npos + 1 is 0
  return fmt::format("line {}, column {}", lines + 1, offset - line_start + 1);
}

// Shortens nlohmann's message to what is wrong, such as `unexpected end of input`. The whole message is
// `[json.exception.parse_error.101] parse error at line 1, column 5: syntax error while parsing value - unexpected end
// of input; expected '[', '{', or a literal`, and quotes any length of the text.
std::string problem_in(std::string_view message) {
  for (const std::string_view prefix : {"] ", " - "}) {
    if (const std::size_t at = message.find(prefix); at != std::string_view::npos)
      message.remove_prefix(at + prefix.size());
  }
  return shortened(std::string(message.substr(0, message.find(';'))), 100);
}

// Builds the value from nlohmann's parsing events, and refuses what nlohmann's own builder accepts. Follows the
// contract of nlohmann::json_sax: false ends the parsing.
class Builder {
 public:
  Builder(std::string_view text, JsonSelection is_wanted) : text_(text), is_wanted_(is_wanted) {}

  bool null() { return put(nullptr); }
  bool boolean(bool value) { return put(value); }
  bool number_integer(std::int64_t value) { return put(value); }
  bool number_unsigned(std::uint64_t value) { return put(value); }
  bool number_float(double value, const std::string&) { return put(value); }
  bool string(std::string& value) { return put(std::move(value)); }
  static bool binary(Json::binary_t&) { return false; }  // not in JSON
  bool start_object(std::size_t) { return open(Json::object()); }
  bool start_array(std::size_t) { return open(Json::array()); }
  bool end_object() { return close(); }
  bool end_array() { return close(); }

  bool key(std::string& name) {
    if (is_skipping_) return true;
    if (!is_wanted_(open_.size(), name)) return is_skipping_ = true;
    const auto [member, is_new] = open_.back()->get_ref<Json::object_t&>().emplace(std::move(name), nullptr);
    member_ = &member->second;
    return is_new || stop(fmt::format("duplicate key {}", describe(member->first)));
  }

  // `bytes_read` counts the end of the text as a byte.
  bool parse_error(std::size_t bytes_read, const std::string&, const std::exception& error) {
    return stop(fmt::format("{}: {}", position(text_, bytes_read - 1), problem_in(error.what())));
  }

  Json take() { return std::move(root_); }
  const std::string& error() const { return error_; }

 private:
  // Stores a value where the next one belongs: at the end of the open list, in the latest member of the open object, or
  // as the root.
  template <class Value>
  Json* place(Value&& value) {
    if (open_.empty()) return &(root_ = std::forward<Value>(value));
    if (!open_.back()->is_array()) return &(*member_ = std::forward<Value>(value));
    return &open_.back()->get_ref<Json::array_t&>().emplace_back(std::forward<Value>(value));
  }

  template <class Value>
  bool put(Value&& value) {
    if (is_skipping_) {
      is_skipping_ = skipped_levels_ > 0;
      return true;
    }
    place(std::forward<Value>(value));
    return true;
  }

  bool open(Json container) {
    if (open_.size() + skipped_levels_ == levels_max) return stop(fmt::format("more than {} levels", levels_max));
    if (is_skipping_) {
      ++skipped_levels_;
      return true;
    }
    open_.push_back(place(std::move(container)));
    return true;
  }

  bool close() {
    if (is_skipping_) {
      is_skipping_ = --skipped_levels_ > 0;
      return true;
    }
    open_.pop_back();
    return true;
  }

  bool stop(std::string why) {
    error_ = std::move(why);
    return false;
  }

  std::string_view text_;
  JsonSelection is_wanted_;
  bool is_skipping_ = false;        // while the value of an unwanted key is read
  std::size_t skipped_levels_ = 0;  // open levels of that value
  Json root_;
  std::vector<Json*> open_;  // the outermost first; an open one does not move
  Json* member_ = nullptr;
  std::string error_;
};

std::string range(std::int64_t min, std::int64_t max) {
  constexpr auto unlimited = std::numeric_limits<std::int64_t>::max();
  return max == unlimited ? fmt::format("{} or more", min) : fmt::format("{} to {}", min, max);
}

}  // namespace

Expected<Json> parse_json(std::string_view text) {
  return parse_json(text, [](std::size_t, std::string_view) { return true; });
}

Expected<Json> parse_json(std::string_view text, JsonSelection is_wanted) {
  // nlohmann-json takes a NUL for the end of the text and ignores what follows.
  if (const std::size_t nul = text.find('\0'); nul != std::string_view::npos) {
    return failure(position(text, nul) + ": unexpected NUL byte");
  }
  Builder builder(text, is_wanted);
  if (!Json::sax_parse(text, &builder)) return failure(builder.error());
  return builder.take();
}

Expected<std::int64_t> as_whole_number(const Json& value, std::int64_t min, std::int64_t max) {
  if (!value.is_number_integer()) return failure(describe(value) + " is not a whole number");
  const bool fits = !value.is_number_unsigned() || std::in_range<std::int64_t>(value.get<std::uint64_t>());
  const auto number = value.get<std::int64_t>();
  if (fits && number >= min && number <= max) return number;
  return failure(fmt::format("{} is out of range; it must be {}", describe(value), range(min, max)));
}

std::int64_t whole_number_of(const Json& value) {
  constexpr std::int64_t most = std::int64_t{1} << 53;  // so sums of a few always fit
  const auto number = as_whole_number(value, -most, most);
  if (!number) throw Json::type_error::create(302, number.error().message, &value);
  return *number;
}

Expected<std::string> as_text(const Json& value) {
  if (!value.is_string()) return failure(describe(value) + " is not a string");
  return value.get<std::string>();
}

Expected<bool> as_boolean(const Json& value) {
  if (!value.is_boolean()) return failure(describe(value) + " is not true or false");
  return value.get<bool>();
}

Expected<std::vector<std::string>> as_texts(const Json& value) {
  if (!value.is_array()) return failure(describe(value) + " is not a list of strings");
  std::vector<std::string> result;
  for (const Json& element : value) {
    auto element_text = as_text(element);
    if (!element_text)
      return std::unexpected(within(fmt::format("element {}", result.size() + 1), element_text.error()));
    result.push_back(*std::move(element_text));
  }
  return result;
}

namespace {

std::string dumped(const Json& value, int indentation) {
  return escaped_json(value.dump(indentation, ' ', false, Json::error_handler_t::replace));
}

}  // namespace

std::string describe(const Json& value) {
  constexpr std::size_t bytes_max = 60;
  if (value.is_array()) return value.empty() ? "an empty list" : "a list";
  if (value.is_object()) return value.empty() ? "an empty object" : "an object";
  if (value.is_string()) return dumped(shortened(value.get<std::string>(), bytes_max), -1);
  return dumped(value, -1);
}

std::string pretty(const Json& value) { return dumped(value, 2) + "\n"; }

std::string compact(const Json& value) { return dumped(value, -1); }

}  // namespace hydra_provisioner::io
