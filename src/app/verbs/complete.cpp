#include "app/verbs/verbs.hpp"

#include <algorithm>
#include <cstdlib>
#include <iterator>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <fmt/format.h>
#include <grp.h>
#include <sys/stat.h>
#include <unistd.h>

#include "app/cli/completion.hpp"
#include "app/cli/output.hpp"
#include "app/inputs/journal.hpp"
#include "io/file/files.hpp"
#include "io/text/strings.hpp"
#include "state/archive.hpp"

namespace hydra_provisioner::app {
namespace {

struct CompleteOptions {
  std::vector<std::string> words;
};

void declare(Arguments& arguments, CompleteOptions& options) {
  arguments.more_words("[-- WORD...]", into(options.words));
}

// Names end up in command lines, so those that a shell would not take as they are do not count: this program makes
// none.
bool is_harmless(const std::string& name) { return io::is_alphanumeric(name, "_.+-:,") && !name.starts_with('-'); }

std::vector<Candidate> names_of(const state::Archive& archive, Known what) {
  std::vector<Candidate> names;
  if (what == Known::types) {
    for (const std::string& pool : archive.pools()) names.push_back({pool, "type"});
  } else {
    for (const auto& [id, pool, state] : archive.machines_by_state(what == Known::gone_machines))
      names.push_back({id.text, fmt::format("{}, {}", pool, to_string(state))});
  }
  return names;
}

// As the shell would have it, which has not looked at it yet.
std::string without_tilde(const std::string& path) {
  const char* home = std::getenv("HOME");
  return path.starts_with("~/") && home != nullptr ? home + path.substr(1) : path;
}

// Root completes orders for a service that has a user of its own: only that user may read the journal.
void become_owner_of(const std::string& folder) {
  struct stat found{};
  if (::geteuid() != 0 || ::stat(folder.c_str(), &found) != 0 || found.st_uid == 0) return;
  if (::setgroups(0, nullptr) != 0 || ::setgid(found.st_gid) != 0 || ::setuid(found.st_uid) != 0) ::_exit(1);
}

// Without a journal that can be read there are no names, and that is all: a message would disturb the command line.
std::vector<Candidate> names_in(const std::string& state_dir, const std::string& tag, Known what) {
  std::vector<Candidate> names;
  become_owner_of(state_dir);
  if (!io::expect_own_folder(state_dir)) return names;
  for (const state::JournalPlace& place : journals_of(state_dir)) {
    if (what == Known::tags) names.push_back({place.tag.text, ""});
    if (what == Known::tags || (!tag.empty() && tag != place.tag.text)) continue;
    std::vector<Candidate> own;
    const auto read = state::Archive::glance(place, [&](const auto& archive) { own = names_of(archive, what); });
    if (read) std::ranges::move(own, std::back_inserter(names));
  }
  std::erase_if(names, [](const Candidate& name) { return !is_harmless(name.value); });
  return names;
}

// A journal that another program holds, or a folder of a network that hangs, must not keep the shell waiting.
constexpr unsigned int seconds_max = 2;

Outcome run(CompleteOptions options, Context context) {
  ::alarm(seconds_max);  // ends this program
  const auto names = [&](const WhichJournal& which, Known what) {
    return names_in(which.state_dir.empty() ? context.state_dir : without_tilde(which.state_dir), which.tag, what);
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
          .declare = command<CompleteOptions>(declare, run)};
}

}  // namespace hydra_provisioner::app
