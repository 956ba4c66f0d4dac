// The journal that a verb without CONF reads.
#pragma once

#include <expected>
#include <string>
#include <vector>

#include "app/cli/arguments.hpp"
#include "app/cli/outcome.hpp"
#include "model/names.hpp"
#include "review/known_names.hpp"
#include "state/archive.hpp"
#include "state/place.hpp"

namespace hydra_provisioner::app {

// --tag and --journal
struct JournalChoice {
  std::string tag{};     // empty: that of the machine, or the only one there is
  std::string server{};  // PostgreSQL's connection string; empty: where passes of this host keep it
};
void declare_journal(Arguments& arguments, JournalChoice& choice);

// One of them alone: --journal also says it instead of a configuration.
void declare_tag(Arguments& arguments, std::string& tag);
void declare_server(Arguments& arguments, std::string& server);

// Those that passes of this host keep, in the order of their tags.
std::vector<state::JournalPlace> journals_of(const std::string& state_dir);
// Those in the database; if it is empty, the same.
Expected<std::vector<state::JournalPlace>> journals_at(const std::string& server, const std::string& state_dir);

struct OpenJournal {
  Tag tag;
  state::Archive archive;
};

// `machine` may be empty.
std::expected<OpenJournal, Failure> open_journal(const std::string& state_dir, const JournalChoice& choice,
                                                 const std::string& machine);

// Those of all tags that are there.
std::expected<std::vector<OpenJournal>, Failure> open_all_journals(const std::string& state_dir,
                                                                   const std::string& server);

// For a pass that is about to keep its journal there. Fails if earlier passes kept it in a file and it was not moved,
// or the other way round: a new journal knows none of the machines.
Expected<void> settle_at(const state::JournalPlace& place, const std::string& state_dir);
// Where it is from now on, and whose the machines in it are. For a file nothing needs to be recorded.
Expected<void> record_place(const state::JournalPlace& place, const Owner& owner, const std::string& state_dir);
// Fails if the machines of the journal that was recorded are those of another owner: this is another journal.
Expected<void> expect_owner(const state::JournalPlace& place, const Owner& owner, const std::string& state_dir);

// Fails unless the journal knows this name and it is of this kind.
std::expected<void, Failure> check_name(const state::Archive& archive, const std::string& name, review::Known kind);

}  // namespace hydra_provisioner::app
