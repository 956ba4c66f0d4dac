#include "app/cli/arguments.hpp"

#include <algorithm>
#include <charconv>
#include <limits>
#include <string_view>
#include <system_error>
#include <utility>

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <CLI/CLI.hpp>

#include "io/async/clock.hpp"
#include "io/text/local_time.hpp"
#include "io/text/wording.hpp"

namespace hydra_provisioner::app {
namespace {

template <class Number>
Parse number_into(std::optional<Number>& value, Number min, Number max, const char* kind) {
  return [&value, min, max, kind](const std::string& text) -> Expected<void> {
    Number number{};
    const auto [rest, error] = std::from_chars(text.data(), text.data() + text.size(), number);
    const bool is_whole_text = !text.empty() && rest == text.data() + text.size();
    if (!is_whole_text || error == std::errc::invalid_argument)
      return failure(fmt::format("\"{}\" is not {}", text, kind));
    if (error != std::errc{} || !(number >= min && number <= max))
      return failure(fmt::format("{} is not between {} and {}", text, min, max));
    value = number;
    return {};
  };
}

template <class Value>
Parse parsed_into(std::optional<Value>& value, std::function<Expected<Value>(const std::string&)> parse) {
  return [&value, parse = std::move(parse)](const std::string& text) -> Expected<void> {
    auto parsed = parse(text);
    if (!parsed) return std::unexpected(std::move(parsed.error()));
    value = *parsed;
    return {};
  };
}

}  // namespace

Parse into(std::string& value, Names names) {
  const auto read = [&value](const std::string& text) -> Expected<void> {
    value = text;
    return {};
  };
  return {read, names};
}

Parse into(std::vector<std::string>& values, Names names) {
  const auto read = [&values](const std::string& text) -> Expected<void> {
    values.push_back(text);
    return {};
  };
  return {read, names};
}

Parse into(std::optional<std::int64_t>& value, std::int64_t min, std::int64_t max) {
  return number_into(value, min, max, "a whole number");
}

Parse into(std::optional<std::uint64_t>& value) {
  return number_into(value, std::uint64_t{0}, std::numeric_limits<std::uint64_t>::max(), "a whole number");
}

Parse into(std::optional<double>& value, double min, double max) { return number_into(value, min, max, "a number"); }

Parse into(std::optional<Instant>& value) {
  return parsed_into<Instant>(value,
                              [](const std::string& text) { return io::parse_when(text, io::SystemClock{}.now()); });
}

Parse into(std::optional<Seconds>& value) { return parsed_into<Seconds>(value, io::parse_span); }

Error not_one_of(std::span<const std::string_view> names, const std::string& text) {
  return {fmt::format("\"{}\" is not {}", text, io::enumerated({names.begin(), names.end()}, "or"))};
}

Arguments::Arguments() : app_(std::make_unique<CLI::App>()) {
  app_->set_help_flag("-h,--help");
  app_->set_version_flag("--version", "");
  all_words_ = app_->add_option("words")->expected(0, CLI::detail::expected_max_vector_size)->allow_extra_args();
}

Arguments::Arguments(Arguments&&) noexcept = default;
Arguments::~Arguments() = default;

void Arguments::word(const std::string& shown, const std::string& what, Parse parse) {
  words_.push_back({.shown = shown, .what = what, .parse = std::move(parse), .is_required = true});
}

void Arguments::optional_word(const std::string& shown, Parse parse) {
  words_.push_back({.shown = shown, .what = "", .parse = std::move(parse)});
}

void Arguments::words(const std::string& shown, const std::string& what, Parse parse) {
  words_.push_back({.shown = shown, .what = what, .parse = std::move(parse), .is_required = true, .is_repeated = true});
}

void Arguments::more_words(const std::string& shown, Parse parse) {
  words_.push_back({.shown = shown, .what = "", .parse = std::move(parse), .is_repeated = true});
}

void Arguments::flag(const std::string& names, bool& value, const std::string& meaning) {
  app_->add_flag(names, value);
  std::string shown = names;
  if (const auto comma = shown.find(','); comma != std::string::npos) shown.insert(comma + 1, " ");
  help_.push_back({names.substr(names.find("--")), shown, meaning});
}

void Arguments::option(const std::string& name, const std::string& shown, Parse parse, const std::string& meaning) {
  add_option(name, shown, std::move(parse), meaning);
}

void Arguments::required_option(const std::string& name, const std::string& shown, Parse parse,
                                const std::string& meaning, const std::string& missing) {
  add_option(name, shown, std::move(parse), meaning).missing = missing;
}

void Arguments::option_instead(const std::string& of, const std::string& name, const std::string& shown, Parse parse,
                               const std::string& meaning) {
  add_option(name, shown, std::move(parse), meaning).instead_of = of;
}

void Arguments::repeated_option(const std::string& name, const std::string& shown, Parse parse,
                                const std::string& meaning) {
  add_option(name, shown, std::move(parse), meaning).is_repeated = true;
}

Arguments::Value& Arguments::add_option(const std::string& name, const std::string& shown, Parse parse,
                                        const std::string& meaning) {
  CLI::Option* option = app_->add_option(name)->expected(1)->allow_extra_args(false);
  option->multi_option_policy(CLI::MultiOptionPolicy::TakeAll);  // take_options() has a better message
  help_.push_back({name, name + " " + shown, meaning});
  return values_.emplace_back(Value{.option = option, .shown = help_.back().shown, .parse = std::move(parse)});
}

void Arguments::check(std::function<Expected<void>()> check) { checks_.push_back(std::move(check)); }

std::expected<Arguments::Request, Misuse> Arguments::parse(std::vector<std::string> texts) {
  std::ranges::reverse(texts);  // CLI11 takes them from the back
  try {
    app_->parse(std::move(texts));
  } catch (const CLI::CallForHelp&) {
    return Request::help;
  } catch (const CLI::CallForVersion&) {
    return Request::version;
  } catch (const CLI::ExtrasError&) {
    const std::string option = app_->remaining().front();
    const std::string name = option.substr(0, option.find('='));
    return std::unexpected(Misuse{.message = "unknown option " + name, .unknown_option = name});
  } catch (const CLI::ArgumentMismatch& error) {
    const std::string_view what = error.what();  // `--tag: 1 required  missing`
    return std::unexpected(Misuse{.message = fmt::format("{} needs a value", what.substr(0, what.find(':')))});
  } catch (const CLI::ParseError& error) {
    return std::unexpected(Misuse{.message = error.what()});
  }
  auto taken = take_options();
  if (taken) taken = take_words();
  for (const auto& check : checks_) {
    if (taken) taken = check();
  }
  if (!taken) return std::unexpected(Misuse{.message = std::move(taken.error().message)});
  return Request::run;
}

Expected<void> Arguments::check_required(const Value& value) const {
  if (value.missing.empty()) return {};
  const std::string name = value.option->get_name();
  bool is_given = value.option->count() > 0;
  for (const Value& other : values_) {
    if (other.instead_of != name || other.option->count() == 0) continue;
    if (is_given) return failure(fmt::format("{} and {} exclude each other", name, other.option->get_name()));
    is_given = true;
  }
  if (!is_given) return failure(value.missing);
  return {};
}

Expected<void> Arguments::take_options() const {
  for (const Value& value : values_) {
    if (auto required = check_required(value); !required) return required;
    if (value.option->count() > 1 && !value.is_repeated) return failure(value.option->get_name() + " is given twice");
    for (const std::string& text : value.option->results()) {
      if (auto parsed = value.parse(text); !parsed)
        return std::unexpected(within(value.option->get_name(), std::move(parsed.error())));
    }
  }
  return {};
}

Expected<void> Arguments::take_words() const {
  const std::vector<std::string> texts = words();
  auto text = texts.begin();
  for (const Word& word : words_) {
    if (text == texts.end() && word.is_required) return failure(fmt::format("no {} given", word.what));
    while (text != texts.end()) {
      if (auto parsed = word.parse(*text++); !parsed) return parsed;
      if (!word.is_repeated) break;
    }
  }
  if (text != texts.end()) return failure(fmt::format("\"{}\" is one argument too many", *text));
  return {};
}

bool Arguments::has_option(const std::string& name) const {
  return name.starts_with('-') && app_->get_option_no_throw(name) != nullptr;
}

bool Arguments::takes_value(const std::string& option) const {
  return has_option(option) && app_->get_option(option)->get_items_expected_min() > 0;
}

std::vector<std::string> Arguments::option_names() const {
  std::vector<std::string> names;
  for (const CLI::Option* option : std::as_const(*app_).get_options()) {
    for (const std::string& name : option->get_lnames()) names.push_back("--" + name);
  }
  return names;
}

std::string Arguments::usage() const {
  std::vector<std::string> parts;
  parts.reserve(words_.size() + values_.size());
  for (const Word& word : words_) parts.push_back(word.shown);
  for (const Value& value : values_) {
    if (!value.missing.empty()) parts.push_back(value.shown);
  }
  return fmt::format("{}", fmt::join(parts, " "));
}

const Parse* Arguments::parse_of_word(std::size_t place) const {
  if (words_.empty()) return nullptr;
  if (place < words_.size()) return &words_[place].parse;
  return words_.back().is_repeated ? &words_.back().parse : nullptr;
}

const Arguments::Value* Arguments::find(const std::string& option) const {
  const auto found = std::ranges::find(values_, option, [](const Value& value) { return value.option->get_name(); });
  return found == values_.end() ? nullptr : &*found;
}

const Parse* Arguments::parse_of_option(const std::string& name) const {
  const Value* value = find(name);
  return value == nullptr ? nullptr : &value->parse;
}

bool Arguments::is_repeated(const std::string& option) const {
  const Value* value = find(option);
  return value != nullptr && value->is_repeated;
}

std::vector<std::string> Arguments::words() const { return all_words_->results(); }

std::vector<std::string> Arguments::given(const std::string& option) const {
  return app_->get_option(option)->results();
}

}  // namespace hydra_provisioner::app
