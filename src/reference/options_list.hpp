// Every option of a configuration as a JSON document, from which the NixOS module makes its options: nix/options.json.
#pragma once

#include <string>

namespace hydra_provisioner::reference {

// An object with a list of options for each group of config::option_groups(), by its name. An option has `name`, `kind`
// (config::OptionKind), `default` (as written in Nix, or null) and `meaning` (Markdown), a choice also `words`, and a
// number `min` and `max`.
std::string options_list();

}  // namespace hydra_provisioner::reference
