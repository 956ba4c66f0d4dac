// What --help and --version print, in lines of at most 80 columns.
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "app/cli/verb.hpp"

namespace hydra_provisioner::app {

extern const std::string_view commit;  // the build writes its definition: cmake/Commit.cmake

// --help, --version and the other options that every command takes.
std::vector<OptionHelp> general_options();

std::string program_help(std::span<const Verb> verbs);
std::string verb_help(const Verb& verb);
std::string version_text();  // `hydra-provisioner 0.1.0 (411f854abcde)`

}  // namespace hydra_provisioner::app
