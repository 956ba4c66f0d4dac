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

namespace hydra_provisioner::app {

struct OpenJournal {
  Tag tag;
  std::string path;
  state::Archive archive;
};

// Those of which there is a journal, in the order of the alphabet.
std::vector<std::string> tags_in(const std::string& state_dir);

// --tag
void declare_tag(Arguments& arguments, std::string& tag);

// The journal of the tag; if the tag is empty, that of the machine or the only one there is. `machine` may be empty.
std::expected<OpenJournal, Failure> open_journal(const std::string& state_dir, const std::string& tag,
                                                 const std::string& machine);

// Fails unless the journal knows this name and it is of this kind.
std::expected<void, Failure> check_name(const state::Archive& archive, const std::string& name, review::Known kind);

}  // namespace hydra_provisioner::app
