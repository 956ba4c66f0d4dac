#include "config/values.hpp"

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <map>
#include <optional>
#include <string_view>
#include <utility>
#include <vector>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "config/cron_field.hpp"
#include "config/evaluate.hpp"
#include "io/text/endpoint.hpp"
#include "io/text/strings.hpp"
#include "io/text/time_zone.hpp"
#include "io/text/wording.hpp"
#include "model/money.hpp"
#include "model/system_type.hpp"
#include "model/time.hpp"

namespace hydra_provisioner::config {
namespace {

// The value in the words of Nix.
std::string found(const io::Json& value) {
  if (is_function(value)) return "a function";
  if (value.is_object()) return value.empty() ? "an empty attribute set" : "an attribute set";
  return io::describe(value);
}

std::unexpected<Error> mismatch(const io::Json& value, std::string_view expected) {
  std::string message = fmt::format("{} is not {}", found(value), expected);
  if (value.is_null()) message += "; leave the option out for its default";
  return failure(std::move(message));
}

// How many seconds a unit of time has.
std::optional<std::int64_t> seconds_of(std::string_view unit) {
  static constexpr std::pair<std::string_view, std::int64_t> units[] = {
      {"", 1},        {"s", 1},        {"sec", 1},     {"second", 1},   {"seconds", 1},
      {"m", 60},      {"min", 60},     {"minute", 60}, {"minutes", 60}, {"h", 3600},
      {"hour", 3600}, {"hours", 3600}, {"d", 86400},   {"day", 86400},  {"days", 86400},
  };
  const auto* known = std::ranges::find(units, unit, &std::pair<std::string_view, std::int64_t>::first);
  if (known == std::end(units)) return std::nullopt;
  return known->second;
}

// The number that the user probably meant: 600 for "600" and, if it is a time, for "10 min".
std::optional<std::int64_t> number_meant(OptionKind kind, std::string_view written) {
  const auto found = io::leading_number<std::int64_t>(written);
  if (!found) return std::nullopt;
  const auto [number, rest] = *found;
  const std::string_view unit = rest.substr(std::min(rest.size(), rest.find_first_not_of(' ')));
  if (!unit.empty() && !is_time(kind)) return std::nullopt;
  const auto factor = seconds_of(unit);
  const auto [min, max] = range_of(kind).value();
  if (!factor || number < min || number > max / *factor) return std::nullopt;
  return number * *factor;
}

Expected<std::int64_t> read_number(OptionKind kind, const io::Json& value) {
  const auto [min, max] = range_of(kind).value();
  if (value.is_number_integer()) return io::as_whole_number(value, min, max);
  auto wrong = mismatch(value, is_time(kind) ? "a whole number of seconds" : "a whole number");
  const std::string written = value.is_string() ? value.get<std::string>() : std::string();
  if (const auto meant = number_meant(kind, written)) wrong.error().message += fmt::format("; write {}", *meant);
  return wrong;
}

bool is_tag(std::string_view text) {
  return !text.empty() && text.size() <= 40 && (io::is_letter(text.front()) || text.front() == '_') &&
         io::is_alphanumeric(text, "_.-");
}

// In the machines file `@` begins an inclusion, and `-` means that there is no key.
bool is_ssh_key(std::string_view path) { return fits_a_column(path) && path != "-" && path.front() != '@'; }

bool is_absolute_file(std::string_view path) { return path.starts_with('/') && !path.ends_with('/'); }

bool is_word(std::string_view text) {
  return !text.empty() && std::ranges::all_of(text, [](char c) { return c > ' ' && c <= '~'; });
}

bool is_url(std::string_view text) {
  const bool is_http = text.starts_with("http://") || text.starts_with("https://");
  return is_http && is_word(text) && !text.ends_with("//");
}

// What is wrong with the text: `not one word` completes the sentence `"a b" is …`.
std::optional<std::string> defect(const Option& option, std::string_view text) {
  switch (option.kind) {
    case OptionKind::tag:
      if (is_tag(text)) return std::nullopt;
      return "not a tag; write letters, digits, \"_\", \".\" and \"-\", beginning with a letter or \"_\", at most 40 "
             "characters";
    case OptionKind::machines_file:
      if (is_absolute_file(text)) return std::nullopt;
      return R"(not a file's absolute path; write one, such as "/var/lib/hydra/provisioned.machines")";
    case OptionKind::nix_file:
      if (is_absolute_file(text)) return std::nullopt;
      return "not a file's absolute path; write a Nix path without quotes, such as ./deployment.nix";
    case OptionKind::ssh_key:
      if (is_ssh_key(text)) return std::nullopt;
      return "not a path that fits into the machines file; use one in ASCII, without blanks, "
             R"(";" and "#", not beginning with "@")";
    case OptionKind::word:
    case OptionKind::words:
      if (is_word(text)) return std::nullopt;
      return "not one word; write it without blanks";
    case OptionKind::systems:
      if (is_system(text)) return std::nullopt;
      return "not a system; write one such as \"x86_64-linux\"";
    case OptionKind::features:
      if (text == "local") return std::string(local_is_no_feature);
      if (is_feature(text)) return std::nullopt;
      return "not a system feature; write one such as \"big-parallel\"";
    case OptionKind::url:
      if (is_url(text)) return std::nullopt;
      return R"(not a URL; write one, such as "http://127.0.0.1:5000")";
    case OptionKind::endpoint:
      if (io::parse_endpoint(text)) return std::nullopt;
      return R"(not an address and a port; write them as in "127.0.0.1:9817" or "[::1]:9817")";
    case OptionKind::choice:
      if (std::ranges::find(option.words, text) != option.words.end()) return std::nullopt;
      return "not " + io::enumerated(written_as(option.words, "\"{}\""), "or");
    case OptionKind::days:
      if (parse_days(text)) return std::nullopt;
      return R"(not days of the week; write them as in "mon-fri", "sat,sun" or "*")";
    case OptionKind::hours:
      if (parse_hours(text)) return std::nullopt;
      return R"(not hours of the day; write them as in "8-17", "22-5,12", "06:30-19:30" or "*", from 0 to 23)";
    case OptionKind::time_zone:
      if (io::is_time_zone(std::string(text))) return std::nullopt;
      return R"(not a time zone of this host; write a name such as "Europe/Amsterdam", or install tzdata)";
    default:
      return std::nullopt;
  }
}

Expected<std::vector<std::string>> read_texts(const io::Json& value) {
  if (!value.is_array()) return mismatch(value, "a list of strings");
  std::vector<std::string> result;
  for (const io::Json& element : value) {
    if (!element.is_string()) {
      return failure(fmt::format("element {}: {} is not a string", result.size() + 1, found(element)));
    }
    result.push_back(element.get<std::string>());
  }
  return result;
}

Expected<void> check_command(const std::vector<std::string>& command) {
  if (!command.empty() && !command.front().empty()) return {};
  return failure(fmt::format("{} is not a program; write the program first, then its arguments",
                             command.empty() ? "an empty list" : "element 1: \"\""));
}

}  // namespace

template <>
Expected<std::int64_t> read_value<std::int64_t>(const Option& option, const io::Json& value) {
  return read_number(option.kind, value);
}

template <>
Expected<CountOrAuto> read_value<CountOrAuto>(const Option& option, const io::Json& value) {
  if (value == "auto") return CountOrAuto{.is_auto = true};
  const auto number = read_number(option.kind, value);
  if (!number) return failure(number.error().message + ", or \"auto\"");
  return CountOrAuto{.count = *number};
}

template <>
Expected<Seconds> read_value<Seconds>(const Option& option, const io::Json& value) {
  auto number = read_number(option.kind, value);
  if (!number) return std::unexpected(std::move(number.error()));
  return Seconds{*number};
}

template <>
Expected<Micros> read_value<Micros>(const Option& option, const io::Json& value) {
  const auto [min, max] = range_of(option.kind).value();
  if (!value.is_number()) return mismatch(value, "a number, such as 0.17");
  const auto number = value.get<double>();
  if (!(number >= static_cast<double>(min) && number <= static_cast<double>(max)))
    return mismatch(value, fmt::format("a number from {} to {}", min, max));
  return Micros{std::llround(number * 1e6)};
}

template <>
Expected<std::string> read_value<std::string>(const Option& option, const io::Json& value) {
  if (!value.is_string()) return mismatch(value, "a string");
  auto text = value.get<std::string>();
  if (const auto wrong = defect(option, text)) return failure(fmt::format("{} is {}", found(value), *wrong));
  return text;
}

template <>
Expected<bool> read_value<bool>(const Option& option, const io::Json& value) {
  if (option.kind == OptionKind::choice) {
    const auto word = read_value<std::string>(option, value);
    if (!word) return std::unexpected(word.error());
    return *word == option.words.front();
  }
  if (!value.is_boolean()) return mismatch(value, "true or false");
  return value.get<bool>();
}

template <>
Expected<std::vector<std::string>> read_value<std::vector<std::string>>(const Option& option, const io::Json& value) {
  auto list = read_texts(value);
  for (std::size_t i = 0; list && i < list->size(); ++i) {
    const auto wrong = defect(option, (*list)[i]);
    if (wrong) return failure(fmt::format("element {}: {:?} is {}", i + 1, (*list)[i], *wrong));
  }
  if (list && list->empty() && option.kind == OptionKind::systems)
    return failure("an empty list names no system; leave the option out for those in the name");
  const bool is_command = option.kind == OptionKind::command;
  if (!list && is_command && value.is_string()) list.error().message += R"(, such as [ "PROGRAM" "ARGUMENT" ])";
  if (!list || !is_command) return list;
  if (auto checked = check_command(*list); !checked) return std::unexpected(std::move(checked.error()));
  return list;
}

template <>
Expected<std::map<std::string, std::string>> read_value<std::map<std::string, std::string>>(const Option&,
                                                                                            const io::Json& value) {
  if (!value.is_object() || is_function(value)) return mismatch(value, "an attribute set of strings");
  std::map<std::string, std::string> labels;
  for (const auto& [name, label] : value.items()) {
    if (!label.is_string()) return failure(fmt::format("{}: {} is not a string", name, found(label)));
    labels.emplace(name, label.get<std::string>());
  }
  return labels;
}

Expected<void> check_attribute_set(const io::Json& value) {
  if (value.is_object() && !is_function(value)) return {};
  return failure(found(value) + " is not an attribute set");
}

}  // namespace hydra_provisioner::config
