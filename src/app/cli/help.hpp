// What --help and --version print, in lines of at most 80 columns.
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "app/cli/verb.hpp"

namespace hydra_provisioner::app {

// The build writes their definitions: cmake/Commit.cmake.
extern const std::string_view commit;
extern const std::string_view commit_date;  // `2026-01-15`; without git, the day of the build

struct SectionTitle {
  Section section;
  std::string_view title;
};
std::span<const SectionTitle> section_titles();  // in their order, without internal ones

// `plan CONF`
std::string call_of(const Verb& verb);
std::vector<OptionHelp> options_of(const Verb& verb);

// --help, --version and the other options that every command takes.
std::vector<OptionHelp> general_options();

std::string program_help(std::span<const Verb> verbs);
std::string verb_help(const Verb& verb);
std::string_view version_number();
std::string version_text();  // `hydra-provisioner 0.1.0 (411f854abcde)`

}  // namespace hydra_provisioner::app
