// Every verb as data: the words that it takes, the options that go with it, and what the help says of it.
#pragma once

#include <cstddef>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "app/cli/options.hpp"

namespace hydra_provisioner::app {

enum class Section : std::uint8_t { working, recalling, ordering, forecasting, providing, internal };  // of the help

struct VerbSpec {
  std::string_view name;  // empty: of a pass, whose first word is the configuration
  Verb verb;
  Section section;
  std::string_view words;  // as the help shows them
  std::size_t words_min;
  std::size_t words_max;
  std::string_view needs;    // what is said where words are missing: "takes …"
  std::string_view options;  // separated by blanks; those that go with every verb are not among them
  std::string_view meaning;
};

std::span<const VerbSpec> verb_table();
const VerbSpec& spec_of(Verb verb);
const VerbSpec* find_verb(std::string_view name);  // null: there is none of this name

inline bool takes_config(const VerbSpec& spec) { return spec.words.starts_with("CONF"); }
bool goes_with(std::string_view option, const VerbSpec& spec);

// "check, plan and status"
std::string verbs_with(std::string_view option);
std::string all_verbs();

std::string table_text();  // for the help

}  // namespace hydra_provisioner::app
