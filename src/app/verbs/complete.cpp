#include "app/verbs/verbs.hpp"

#include <cstdlib>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <fmt/format.h>

#include "app/cli/completion.hpp"
#include "app/cli/output.hpp"
#include "app/inputs/journal.hpp"
#include "io/file/files.hpp"
#include "io/text/strings.hpp"
#include "state/archive.hpp"
#include "state/sqlite_journal.hpp"

namespace hydra_provisioner::app {
namespace {

struct Options {
  std::vector<std::string> words;
};

void declare(Arguments& arguments, Options& options) { arguments.more_words("[-- WORD...]", into(options.words)); }

// Names end up in command lines, so those that a shell would not take as they are do not count: this program makes
// none.
bool is_harmless(const std::string& name) { return io::is_alphanumeric(name, "_.+-:,") && !name.starts_with('-'); }

void add(std::vector<Candidate>& to, const std::string& name, std::string description) {
  if (is_harmless(name)) to.push_back({name, std::move(description)});
}

void add_names_of(const state::Archive& archive, KnownNames& names) {
  for (const auto& [id, pool, state] : archive.machines_with_states())
    add(state == MachineState::gone ? names.gone_machines : names.machines, id.text,
        fmt::format("{}, {}", pool, to_string(state)));
  for (const std::string& pool : archive.pools()) add(names.types, pool, "type");
}

// As the shell would have it, which has not looked at it yet.
std::string without_tilde(const std::string& path) {
  const char* home = std::getenv("HOME");
  return path.starts_with("~/") && home != nullptr ? home + path.substr(1) : path;
}

// Without a journal that can be read there are no names, and that is all: a message would disturb the command line.
KnownNames names_in(const std::string& state_dir, const std::string& wanted_tag) {
  KnownNames names;
  if (!io::expect_own_folder(state_dir)) return names;
  for (const std::string& tag : tags_in(state_dir)) {
    add(names.tags, tag, "");
    if (!wanted_tag.empty() && tag != wanted_tag) continue;
    KnownNames known;
    const auto read = state::Archive::glance(state::journal_file(state_dir, Tag{tag}), [&](const auto& archive) {
      known = names;
      add_names_of(archive, known);
    });
    if (read) names = std::move(known);
  }
  return names;
}

Outcome run(Options options, Context context) {
  const auto names = [&](const WhichJournal& which) {
    return names_in(which.state_dir.empty() ? context.state_dir : without_tilde(which.state_dir), which.tag);
  };
  return print(completion_text(completion_of(all_verbs(), options.words, names)));
}

}  // namespace

Verb complete_verb() {
  return {.name = "complete",
          .section = Section::internal,
          .summary = "says how the last word of a command line could go on",
          .description =
              "Prints what a shell can offer for the last of the words, for the scripts in completions/. It asks "
              "neither the queue runner nor a provider, and reads machines and types from the journal.",
          .examples = {},
          .on_signal = OnSignal::left_to_itself,
          .declare = command(declare, run)};
}

}  // namespace hydra_provisioner::app
