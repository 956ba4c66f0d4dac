#include "app/cli/completion.hpp"

#include <algorithm>
#include <iterator>
#include <map>
#include <memory>
#include <string_view>
#include <utility>

#include <fmt/format.h>

#include "app/cli/command_line.hpp"
#include "app/cli/help.hpp"
#include "io/text/printable.hpp"

namespace hydra_provisioner::app {
namespace {

using Commands = std::vector<std::unique_ptr<Command>>;

// What stands before the word that is completed.
struct Before {
  const Command* command = nullptr;                         // null: no word yet
  bool asks_for_help = false;                               // `help`, and a verb is next
  std::string option{};                                     // whose value is next; empty: none
  bool is_past_options = false;                             // behind `--`
  std::vector<std::string> words{};                         // of the command
  std::map<std::string, std::string, std::less<>> given{};  // options, with their values
};

// A word that names no verb is the configuration of a pass, which is the verb without a name.
const Command& command_named(std::string_view name, const Commands& commands) {
  const auto found = std::ranges::find(commands, name, [](const auto& command) { return command->verb.name; });
  return found == commands.end() && !name.empty() ? command_named("", commands) : **found;
}

void take_option(Before& before, const std::string& word, const Commands& commands) {
  const auto equals = word.find('=');
  const std::string name = word.substr(0, equals);
  before.given[name] = equals == std::string::npos ? "" : word.substr(equals + 1);
  // Which options take a value does not depend on the verb.
  const bool takes_value =
      std::ranges::any_of(commands, [&](const auto& command) { return command->arguments.takes_value(name); });
  if (takes_value && equals == std::string::npos) before.option = name;
}

void take(Before& before, const std::string& word, const Commands& commands) {
  if (!before.option.empty()) {
    before.given[before.option] = word;
    before.option.clear();
  } else if (!before.is_past_options && word == "--") {
    before.is_past_options = true;
  } else if (!before.is_past_options && word.starts_with('-')) {
    take_option(before, word, commands);
  } else if (before.command != nullptr) {
    before.words.push_back(word);
  } else if (word == "help" && !before.asks_for_help) {
    before.asks_for_help = true;
  } else {
    before.command = &command_named(word, commands);
    if (before.command->verb.name.empty()) before.words.push_back(word);  // the configuration of a pass
  }
}

class Completer {
 public:
  Completer(const Commands& commands, const std::vector<std::string>& words, const NamesIn& names_in)
      : commands_(commands), names_in_(names_in), word_(words.empty() ? "" : words.back()) {
    for (std::size_t i = 0; i + 1 < words.size(); ++i) take(before_, words[i], commands);
    command_ = before_.command != nullptr ? before_.command : &command_named("", commands);
  }

  Completion completion() && {
    const auto equals = word_.find('=');
    if (!before_.option.empty()) {
      offer_values(command_->arguments.parse_of_option(before_.option), "");
    } else if (before_.is_past_options || !word_.starts_with('-')) {
      offer_words();
    } else if (equals != std::string::npos) {
      offer_values(command_->arguments.parse_of_option(word_.substr(0, equals)), word_.substr(0, equals + 1));
    } else {
      offer_options();
    }
    return std::move(completion_);
  }

 private:
  void offer(const std::string& value, std::string_view description) {
    if (value.starts_with(word_)) completion_.candidates.push_back({value, std::string(description)});
  }

  void offer_verbs() {
    for (const auto& command : commands_) {
      const Verb& verb = command->verb;
      if (!verb.name.empty() && verb.section != Section::internal) offer(std::string(verb.name), verb.summary);
    }
    if (!before_.asks_for_help) offer("help", "explains one command");
  }

  void offer_words() {
    if (before_.asks_for_help) {
      if (before_.command == nullptr) offer_verbs();
      return;
    }
    if (before_.command == nullptr) offer_verbs();
    const Parse* parse = command_->arguments.parse_of_word(before_.words.size());
    if (parse == nullptr && !before_.is_past_options) return offer_options();
    offer_values(parse, "");
  }

  void offer_options() {
    const Arguments& arguments = command_->arguments;
    std::vector<OptionHelp> options = arguments.help();
    for (const OptionHelp& option : general_options()) {
      const bool is_new = std::ranges::find(options, option.name, &OptionHelp::name) == options.end();
      if (is_new && (option.name != "--version" || before_.command == nullptr)) options.push_back(option);
    }
    for (const OptionHelp& option : options) {
      if (!before_.given.contains(option.name) || arguments.is_repeated(option.name))
        offer(option.name, option.meaning);
    }
  }

  void offer_values(const Parse* parse, const std::string& prefix) {
    if (parse == nullptr) return;
    for (const std::string_view choice : parse->choices) offer(prefix + std::string(choice), "");
    completion_.files = parse->names == Names::file;
    completion_.folders = parse->names == Names::folder;
    for (const Candidate& name : names(parse->names)) {
      if (std::ranges::find(before_.words, name.value) == before_.words.end())
        offer(prefix + name.value, name.description);
    }
  }

  std::vector<Candidate> names(Names kind) const {
    switch (kind) {
      case Names::nothing:
      case Names::file:
      case Names::folder:
        return {};
      case Names::tag:
        return known(Known::tags);
      case Names::type:
        return known(Known::types);
      case Names::machine:
        return known(Known::machines);
      case Names::any_machine:
        return or_gone_ones(known(Known::machines));
      case Names::machine_or_type:
        std::vector<Candidate> names = known(Known::machines);
        std::ranges::move(known(Known::types), std::back_inserter(names));
        return or_gone_ones(std::move(names));
    }
    return {};
  }

  std::vector<Candidate> known(Known what) const {
    return names_in_({.state_dir = value_of("--state-dir"), .tag = value_of("--tag")}, what);
  }

  // There can be thousands that are gone, so they come only when nothing else fits.
  std::vector<Candidate> or_gone_ones(std::vector<Candidate> names) const {
    const bool fits = std::ranges::any_of(names, [&](const Candidate& name) { return name.value.starts_with(word_); });
    return fits ? names : known(Known::gone_machines);
  }

  std::string value_of(std::string_view option) const {
    const auto found = before_.given.find(option);
    return found == before_.given.end() ? "" : found->second;
  }

  const Commands& commands_;
  const NamesIn& names_in_;
  std::string word_;
  Before before_;
  const Command* command_ = nullptr;
  Completion completion_;
};

}  // namespace

Completion completion_of(std::span<const Verb> verbs, const std::vector<std::string>& words, const NamesIn& names_in) {
  Commands commands;
  for (const Verb& verb : verbs) commands.push_back(std::make_unique<Command>(verb));
  return Completer(commands, words, names_in).completion();
}

std::string completion_text(const Completion& completion) {
  std::string text;
  for (const auto& [value, description] : completion.candidates)
    text += fmt::format("{}\t{}\n", value, io::printable_line(description));
  if (completion.files) text += ":files\n";
  if (completion.folders) text += ":folders\n";
  return text;
}

}  // namespace hydra_provisioner::app
