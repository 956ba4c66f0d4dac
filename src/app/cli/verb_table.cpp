#include "app/cli/verb_table.hpp"

#include <algorithm>
#include <limits>
#include <stdexcept>
#include <utility>
#include <vector>

#include <fmt/format.h>

namespace hydra_provisioner::app {
namespace {

using enum Section;

constexpr std::size_t any_number = std::numeric_limits<std::size_t>::max();

constexpr VerbSpec table[] = {
    {"", Verb::pass, working, "CONF", 1, 1, "", "--allow-empty",
     "one pass: look at the queue, create and destroy machines, write the machines file"},
    {"daemon", Verb::daemon, working, "CONF", 1, 1, "", "--allow-empty",
     "passes, one after another, and quick to react"},
    {"check", Verb::check, working, "CONF", 1, 1, "", "--allow-empty --json",
     "is the configuration right? (asks nobody)"},
    {"plan", Verb::plan, working, "CONF", 1, 1, "", "--allow-empty --json --detailed-exitcode",
     "what would a pass do, and why? (changes nothing)"},
    {"status", Verb::status, working, "CONF", 1, 1, "", "--allow-empty --json",
     "the queue and our machines (changes nothing)"},

    {"history", Verb::history, recalling, "[MACHINE|TYPE]", 0, 1, "", "--json --since --tag",
     "what happened, when and why"},
    {"explain", Verb::explain, recalling, "MACHINE|TYPE", 1, 1, "a machine or a type", "--json --at --tag",
     "why is it as it is, and what would change it?"},
    {"cost", Verb::cost, recalling, "", 0, 0, "", "--json --since --tag", "machine-hours and money, by type"},
    {"replay", Verb::replay, recalling, "[PASS]", 0, 1, "", "--json --at --tag --config --allow-empty",
     "decide again what a pass decided; with --config, from another file"},
    {"logs", Verb::logs, recalling, "MACHINE", 1, 1, "a machine", "--tag", "what its operations said"},

    {"drain", Verb::drain, ordering, "MACHINE", 1, 1, "a machine", "--tag",
     "out of the machines file; it goes once it is idle"},
    {"undrain", Verb::undrain, ordering, "MACHINE", 1, 1, "a machine", "--tag", "take back drain or destroy"},
    {"destroy", Verb::destroy, ordering, "MACHINE", 1, 1, "a machine", "--tag --yes",
     "out of the machines file; destroyed once it is proven idle (asks first)"},
    {"protect", Verb::protect, ordering, "MACHINE", 1, 1, "a machine", "--tag --for --off",
     "neither drained nor stopped nor destroyed"},
    {"pause", Verb::pause, ordering, "[TYPE]", 0, 1, "", "--tag --for",
     "nothing is done with its machines, or with any"},
    {"resume", Verb::resume, ordering, "[TYPE]", 0, 1, "", "--tag", "take back pause"},
    {"override", Verb::override_limits, ordering, "TYPE", 1, 1, "a type", "--tag --min --max --for --off",
     "other limits than the configuration's, for some time"},
    {"ssh", Verb::ssh, ordering, "MACHINE [-- COMMAND]", 1, any_number, "a machine", "--tag", "log in, as root"},

    {"simulate", Verb::simulate, forecasting, "CONF --trace FILE", 1, 1, "",
     "--allow-empty --json --trace --boot --interval --interruptions --seed --html",
     "what would it have cost, and how long would steps have waited?"},
    {"tune", Verb::tune, forecasting, "CONF --trace FILE", 1, 1, "",
     "--allow-empty --json --trace --boot --interval --interruptions --seed", "which settings would have been better?"},
    {"import-trace", Verb::import_trace, forecasting, "", 0, 0, "", "--hydra-db --csv --column --since --output",
     "a trace from Hydra's database (--hydra-db) or another CSV file (--csv)"},
    {"generate-trace", Verb::generate_trace, forecasting, "KIND", 1, 1, "one of poisson, weekly and bursts",
     "--seed --output --days --steps --system", "an invented one: poisson, weekly or bursts"},

    {"check-provider", Verb::check_provider, providing, "COMMAND...", 1, any_number, "the provider's command",
     "--json --settings", "does it do all that a provider has to? (on two machines of its own)"},

    {"run-job", Verb::run_job, internal, "TAG ID", 2, 2, "TAG and ID", "", ""},
};

std::string enumeration(const std::vector<std::string_view>& names) {
  if (names.size() == 1) return std::string(names.front());
  const auto last = names.end() - 1;
  return fmt::format("{} and {}", fmt::join(names.begin(), last, ", "), *last);
}

std::string section_text(Section section) {
  std::vector<std::pair<std::string, std::string_view>> lines;
  std::size_t width = 0;
  for (const VerbSpec& spec : table) {
    if (spec.section != section) continue;
    lines.emplace_back(fmt::format("{}{}{}", spec.name, spec.name.empty() ? "" : " ", spec.words), spec.meaning);
    width = std::max(width, lines.back().first.size());
  }
  std::string text;
  for (const auto& [call, meaning] : lines)
    text += fmt::format("  hydra-provisioner {:<{}}  {}\n", call, width, meaning);
  return text;
}

}  // namespace

std::span<const VerbSpec> verb_table() { return table; }

const VerbSpec& spec_of(Verb verb) {
  const auto found = std::ranges::find(table, verb, &VerbSpec::verb);
  if (found == std::end(table)) throw std::logic_error("a verb that is not in the table");
  return *found;
}

const VerbSpec* find_verb(std::string_view name) {
  const auto found = std::ranges::find(table, name, &VerbSpec::name);
  return found == std::end(table) || name.empty() ? nullptr : &*found;
}

bool goes_with(std::string_view option, const VerbSpec& spec) {
  return fmt::format(" {} ", spec.options).find(fmt::format(" {} ", option)) != std::string::npos;
}

std::string verbs_with(std::string_view option) {
  std::vector<std::string_view> names;
  for (const VerbSpec& spec : table) {
    if (goes_with(option, spec)) names.push_back(spec.name.empty() ? "a pass" : spec.name);
  }
  return enumeration(names);
}

std::string all_verbs() {
  std::vector<std::string_view> names;
  for (const VerbSpec& spec : table) {
    if (spec.section != internal && !spec.name.empty()) names.push_back(spec.name);
  }
  return enumeration(names);
}

std::string table_text() {
  return section_text(working) + "\nWhat was, from the journal alone (changes nothing, asks nobody):\n\n" +
         section_text(recalling) + "\nOrders of yours, which passes and the daemon obey from the next pass on:\n\n" +
         section_text(ordering) + "\nWhat if, by the same passes in simulated time:\n\n" + section_text(forecasting) +
         "\nFor those who write a provider (docs/exec-provider.md):\n\n" + section_text(providing);
}

}  // namespace hydra_provisioner::app
