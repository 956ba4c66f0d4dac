#include "app/cli/command_line.hpp"

#include <algorithm>
#include <filesystem>
#include <optional>
#include <string_view>
#include <utility>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "app/cli/help.hpp"
#include "io/text/nearest.hpp"
#include "io/text/wording.hpp"

namespace hydra_provisioner::app {
namespace {

using Commands = std::vector<std::unique_ptr<Command>>;
using Words = std::vector<std::string>;

std::unexpected<EarlyExit> wrong(const std::string& what) {
  return std::unexpected(EarlyExit{fmt::format("hydra-provisioner: {}\n", what), exit_status::usage});
}

std::vector<std::string_view> command_names(const Commands& commands) {
  std::vector<std::string_view> names;
  for (const auto& command : commands) {
    const Verb& verb = command->verb;
    if (!verb.name.empty() && verb.section != Section::internal) names.push_back(verb.name);
  }
  return names;
}

std::string unknown_command(const std::string& word, const Commands& commands) {
  std::vector<std::string_view> names = command_names(commands);
  names.push_back("help");
  const auto meant = io::nearest(word, names);
  return fmt::format(
      "unknown command \"{}\"; {}", word,
      meant ? fmt::format("did you mean {}?", *meant) : fmt::format("commands: {}", fmt::join(names, ", ")));
}

bool may_be_configuration(const std::string& word) {
  std::error_code ignored;
  return word.contains('/') || word.ends_with(".nix") || std::filesystem::exists(word, ignored);
}

// Null: no verb has this name. A pass has the name "".
Command* find(const Commands& commands, std::string_view name) {
  const auto found = std::ranges::find(commands, name, [](const auto& command) { return command->verb.name; });
  return found == commands.end() ? nullptr : found->get();
}

// The first that is neither an option nor an option's value. Which options take a value does not depend on the verb.
Words::iterator first_word(Words& words, const Commands& commands) {
  for (auto word = words.begin(); word != words.end(); ++word) {
    if (*word == "--") return std::next(word);
    if (!word->starts_with('-')) return word;
    const bool takes_value =
        std::ranges::any_of(commands, [&](const auto& command) { return command->arguments.takes_value(*word); });
    if (takes_value && ++word == words.end()) break;
  }
  return words.end();
}

// `help VERB` is `VERB --help`.
void resolve_help(Words& words, const Commands& commands) {
  const auto word = first_word(words, commands);
  if (word == words.end() || *word != "help") return;
  *word = "--help";
}

std::string with_pointer(const std::string& message, const Verb& verb) {
  return fmt::format("{}; see hydra-provisioner {}{}--help", message, verb.name, verb.name.empty() ? "" : " ");
}

// The option belongs to other verbs, or is mistyped.
std::string about_unknown_option(const std::string& option, const Command& command, const Commands& commands) {
  std::vector<std::string> takers;
  for (const auto& other : commands) {
    if (other->arguments.has_option(option))
      takers.emplace_back(other->verb.name.empty() ? "a pass" : other->verb.name);
  }
  if (!takers.empty())
    return with_pointer(fmt::format("{} goes with {}", option, io::enumerated(takers, "and")), command.verb);
  const Words names = command.arguments.option_names();
  const auto meant = io::nearest(option, {names.begin(), names.end()});
  const std::string unknown = "unknown option " + option;
  return meant ? fmt::format("{}; did you mean {}?", unknown, *meant) : with_pointer(unknown, command.verb);
}

// What the first word names. A verb's name is taken out of the words; a configuration stays, as the word of a pass.
std::expected<Command*, EarlyExit> take_command(Words& words, const Commands& commands) {
  Command* const pass = find(commands, "");
  const auto word = first_word(words, commands);
  if (word == words.end()) return pass;
  Command* const named = find(commands, *word);
  if (named == nullptr || named == pass) {
    if (may_be_configuration(*word)) return pass;
    return wrong(unknown_command(*word, commands));
  }
  words.erase(word);
  return named;
}

}  // namespace

Command::Command(const Verb& of) : verb(of), run(of.declare(arguments)) { declare_common(arguments, common); }

std::expected<std::unique_ptr<Command>, EarlyExit> parse_command_line(std::span<const Verb> verbs, Words words) {
  Commands commands;
  for (const Verb& verb : verbs) commands.push_back(std::make_unique<Command>(verb));
  resolve_help(words, commands);
  const bool has_words = first_word(words, commands) != words.end();
  const auto taken = take_command(words, commands);
  if (!taken) return std::unexpected(taken.error());
  Command& command = **taken;
  const bool wants_json = command.arguments.has_option("--json") && std::ranges::find(words, "--json") != words.end();
  const auto request = command.arguments.parse(std::move(words));
  if (!request) {
    const auto& [message, unknown_option] = request.error();
    auto exit = wrong(unknown_option.empty() ? with_pointer(message, command.verb)
                                             : about_unknown_option(unknown_option, command, commands));
    exit.error().wants_json = wants_json;
    return exit;
  }
  if (*request == Arguments::Request::version) return std::unexpected(EarlyExit{version_text()});
  if (*request == Arguments::Request::help)
    return std::unexpected(EarlyExit{has_words ? verb_help(command.verb) : program_help(verbs)});
  return std::move(*std::ranges::find(commands, &command, &std::unique_ptr<Command>::get));
}

}  // namespace hydra_provisioner::app
