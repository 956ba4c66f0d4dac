// What a command takes: its words and its options. They are declared once; the parsing, the messages, the help and the
// completion by shells follow from that. Hides CLI11.
#pragma once

#include <cstddef>
#include <cstdint>
#include <expected>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "model/enum_names.hpp"
#include "model/error.hpp"
#include "model/time.hpp"

namespace CLI {
class App;
class Option;
}  // namespace CLI

namespace hydra_provisioner::app {

// What a text of the command line names, so that shells can complete it.
enum class Names : std::uint8_t {
  nothing,  // that is known before
  file,
  folder,
  tag,              // of a journal
  machine,          // that exists
  any_machine,      // also one that is gone
  type,             // of machines
  machine_or_type,  // also a machine that is gone
};

// Reads a text of the command line into a value. The message says what is wrong with the text.
class Parse {
 public:
  template <class Read>
  Parse(Read read, Names named = Names::nothing, std::span<const std::string_view> words = {})
      : names(named), choices(words), read_(std::move(read)) {}
  Expected<void> operator()(const std::string& text) const { return read_(text); }

  Names names;
  std::span<const std::string_view> choices;  // all texts that can be read; empty: not known

 private:
  std::function<Expected<void>(const std::string& text)> read_;
};

Parse into(std::string& value, Names names = Names::nothing);
Parse into(std::vector<std::string>& values, Names names = Names::nothing);  // one more of them
Parse into(std::optional<std::int64_t>& value, std::int64_t min, std::int64_t max);
Parse into(std::optional<std::uint64_t>& value);
Parse into(std::optional<double>& value, double min, double max);
Parse into(std::optional<Instant>& value);  // `2h` ago, `2026-01-15`
Parse into(std::optional<Seconds>& value);  // `2h`

Error not_one_of(std::span<const std::string_view> names, const std::string& text);

template <NamedEnum Enum>
Parse into(Enum& value) {
  const auto read = [&value](const std::string& text) -> Expected<void> {
    const auto named = from_name<Enum>(text);
    if (!named) return std::unexpected(not_one_of(names_of<Enum>, text));
    value = *named;
    return {};
  };
  return {read, Names::nothing, names_of<Enum>};
}

struct OptionHelp {
  std::string name;   // `--since`
  std::string shown;  // `--since TIME`; of a flag `-v, --verbose`
  std::string meaning;
};

// Why a command line cannot be used.
struct Misuse {
  std::string message;
  std::string unknown_option{};  // `--jsn`, if the command does not have this option
};

class Arguments {
 public:
  Arguments();
  Arguments(Arguments&&) noexcept;
  ~Arguments();

  // Words, in their order. `shown` is how the help shows one; `what` it is, for the message when it is missing.
  void word(const std::string& shown, const std::string& what, Parse parse);
  void optional_word(const std::string& shown, Parse parse);
  void words(const std::string& shown, const std::string& what, Parse parse);  // one or more
  void more_words(const std::string& shown, Parse parse);                      // any number

  void flag(const std::string& names, bool& value, const std::string& meaning);
  void option(const std::string& name, const std::string& shown, Parse parse, const std::string& meaning);
  // `missing` is what the message says without it.
  void required_option(const std::string& name, const std::string& shown, Parse parse, const std::string& meaning,
                       const std::string& missing);
  // The option takes the place of a required one, which is declared before it.
  void option_instead(const std::string& of, const std::string& name, const std::string& shown, Parse parse,
                      const std::string& meaning);
  // The option may be given several times.
  void repeated_option(const std::string& name, const std::string& shown, Parse parse, const std::string& meaning);

  // What options have to do with one another; called once all values are known.
  void check(std::function<Expected<void>()> check);

  enum class Request : std::uint8_t { run, help, version };
  // Fills the values, which must still be where they were declared. May be called once.
  std::expected<Request, Misuse> parse(std::vector<std::string> texts);

  bool has_option(const std::string& name) const;
  bool takes_value(const std::string& option) const;
  std::vector<std::string> option_names() const;
  std::string usage() const;  // `CONF --trace FILE`
  const std::vector<OptionHelp>& help() const { return help_; }

  // How the word at this place is read; null: there is none.
  const Parse* parse_of_word(std::size_t place) const;
  const Parse* parse_of_option(const std::string& name) const;  // null: it takes no value
  bool is_repeated(const std::string& option) const;

  // As they were written, once they are parsed.
  std::vector<std::string> words() const;
  std::vector<std::string> given(const std::string& option) const;

 private:
  struct Word {
    std::string shown;
    std::string what;
    Parse parse;
    bool is_required = false;
    bool is_repeated = false;
  };
  struct Value {
    CLI::Option* option;
    std::string shown;  // `--trace FILE`
    Parse parse;
    std::string missing{};  // empty: the option may be missing
    bool is_repeated = false;
    std::string instead_of{};  // empty: no other option
  };

  Value& add_option(const std::string& name, const std::string& shown, Parse parse, const std::string& meaning);
  Expected<void> check_required(const Value& value) const;
  const Value* find(const std::string& option) const;
  Expected<void> take_options() const;
  Expected<void> take_words() const;

  std::unique_ptr<CLI::App> app_;
  CLI::Option* all_words_;
  std::vector<Word> words_;
  std::vector<Value> values_;
  std::vector<OptionHelp> help_;
  std::vector<std::function<Expected<void>()>> checks_;
};

}  // namespace hydra_provisioner::app
