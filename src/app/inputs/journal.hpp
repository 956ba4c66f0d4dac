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

struct OpenJournal {
  Tag tag;
  state::Archive archive;
};

// `machine` may be empty.
std::expected<OpenJournal, Failure> open_journal(const std::string& state_dir, const JournalChoice& choice,
                                                 const std::string& machine);

// For a pass that is about to keep its journal there. Fails if earlier passes kept it at another place, from which it
// was not moved: a new journal knows none of the machines.
Expected<void> settle_at(const state::JournalPlace& place, const std::string& state_dir);
// The same without a question, for one that was moved.
Expected<void> record_place(const state::JournalPlace& place, const std::string& state_dir);

// Fails unless the journal knows this name and it is of this kind.
std::expected<void, Failure> check_name(const state::Archive& archive, const std::string& name, review::Known kind);

}  // namespace hydra_provisioner::app
