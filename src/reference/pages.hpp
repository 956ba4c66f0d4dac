// The man pages.
#pragma once

#include <string>

#include "model/error.hpp"
#include "reference/man_page.hpp"

namespace hydra_provisioner::reference {

// hydra-provisioner(1), from the table of the verbs.
std::string program_page(const Edition& edition);

// hydra-provisioner.nix(5), from docs/configuration.md, whose tables are those of config::option_groups().
Expected<std::string> configuration_page(const Edition& edition, const std::string& docs);

// hydra-provisioner-exec(7), from docs/exec-provider.md.
Expected<std::string> exec_page(const Edition& edition, const std::string& docs);

}  // namespace hydra_provisioner::reference
