#include "app/cli/help.hpp"

#include <algorithm>
#include <utility>
#include <vector>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "app/cli/options.hpp"
#include "io/text/columns.hpp"

namespace hydra_provisioner::app {

namespace {

constexpr std::size_t columns = 80;

constexpr SectionTitle sections[] = {
    {Section::passes, "Machines for the queue"},
    {Section::reading, "What happened, read from the journal alone"},
    {Section::by_hand, "By hand; orders are obeyed from the next pass on"},
    {Section::forecasts, "What if, by the same passes in simulated time"},
    {Section::providers, "For authors of providers and queues (docs/exec-provider.md, any-queue.md)"},
};

constexpr std::string_view after_commands = R"(
CONF is a Nix file, which docs/configuration.md describes. Write ./plan for a
file that is called like a command. Options may stand before and after words.
)";

constexpr std::string_view ending = R"(
Examples:
  hydra-provisioner check conf.nix && hydra-provisioner plan conf.nix
  hydra-provisioner daemon conf.nix    # as a service
  hydra-provisioner conf.nix           # or from cron or a systemd timer
  hydra-provisioner status conf.nix --json | jq '.machines[] | {id, state}'

Exit status:
)";

// A text that begins in column `indent`, as do its other lines.
std::string wrapped(std::string_view text, std::size_t indent) {
  return fmt::format("{}\n", fmt::join(io::broken_into_lines(text, columns - indent), "\n" + std::string(indent, ' ')));
}

using Row = std::pair<std::string, std::string_view>;

std::string table(const std::vector<Row>& rows) {
  std::size_t width = 0;
  for (const auto& [left, right] : rows) width = std::max(width, left.size());
  std::string text;
  for (const auto& [left, right] : rows) text += fmt::format("  {:<{}}  {}", left, width, wrapped(right, width + 4));
  return text;
}

std::string option_table(std::span<const OptionHelp> options) {
  std::vector<Row> rows;
  for (const OptionHelp& option : options) rows.emplace_back(option.shown, option.meaning);
  return table(rows);
}

Arguments declared(const Verb& verb) {
  Arguments arguments;
  verb.declare(arguments);
  return arguments;
}

std::string section_text(std::span<const Verb> verbs, Section section) {
  std::vector<Row> rows;
  for (const Verb& verb : verbs) {
    if (verb.section == section) rows.emplace_back(call_of(verb), verb.summary);
  }
  return table(rows);
}

std::vector<OptionHelp> common_options() {
  Arguments arguments;
  CommonOptions ignored;
  declare_common(arguments, ignored);
  return arguments.help();
}

}  // namespace

std::span<const SectionTitle> section_titles() { return sections; }

std::string call_of(const Verb& verb) {
  const std::string usage = declared(verb).usage();
  return fmt::format("{}{}{}", verb.name, verb.name.empty() || usage.empty() ? "" : " ", usage);
}

std::vector<OptionHelp> options_of(const Verb& verb) { return declared(verb).help(); }

std::vector<OptionHelp> general_options() {
  std::vector<OptionHelp> options = common_options();
  options.push_back({"--help", "-h, --help", "explain the command, or without one this overview"});
  options.push_back({"--version", "--version", "print the version and the commit that it was built from"});
  return options;
}

std::string program_help(std::span<const Verb> verbs) {
  std::string text =
      "hydra-provisioner - build machines for Hydra, as many as its queue needs\n\n"
      "Usage: hydra-provisioner CONF [OPTION]...              one pass\n"
      "       hydra-provisioner COMMAND [WORD]... [OPTION]...\n"
      "       hydra-provisioner help COMMAND                  explains one command\n";
  for (const auto& [section, title] : sections) text += fmt::format("\n{}:\n{}", title, section_text(verbs, section));
  text += after_commands;
  text += "\nOptions of every command:\n";
  text += option_table(general_options());
  for (const Verb& verb : verbs) {
    if (verb.name.empty()) text += "\nOptions of a pass:\n" + option_table(options_of(verb));
  }
  std::vector<Row> statuses;
  for (const auto& [status, meaning] : exit_meanings) statuses.emplace_back(status, meaning);
  return text + std::string(ending) + table(statuses);
}

std::string verb_help(const Verb& verb) {
  const std::vector<OptionHelp> options = options_of(verb);
  std::string text = fmt::format("Usage: hydra-provisioner {} [OPTION]...\n\n", call_of(verb));
  text += wrapped(verb.description, 0);
  if (!options.empty()) text += "\nOptions:\n" + option_table(options);
  std::vector<OptionHelp> others = common_options();
  others.push_back({"--help", "-h, --help", "print this text"});
  text += "\nOptions of every command:\n" + option_table(others);
  text += "\nExamples:\n";
  for (const Example& example : verb.examples)
    text += fmt::format("  hydra-provisioner {}\n      {}", example.arguments, wrapped(example.meaning, 6));
  return text;
}

std::string_view version_number() { return HYDRA_PROVISIONER_VERSION; }

std::string version_text() {
  return fmt::format("hydra-provisioner {}{}\n", version_number(), commit.empty() ? "" : fmt::format(" ({})", commit));
}

}  // namespace hydra_provisioner::app
