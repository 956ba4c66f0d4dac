// What a derivation's file in the store says.
#pragma once

#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "model/error.hpp"

namespace hydra_provisioner::observe {

struct Derivation {
  // The attribute requiredSystemFeatures, which derivations with structured attributes have inside of `__json`.
  std::set<std::string> required_features{};
  std::vector<std::string> inputs{};  // the derivations whose outputs it uses, by their base names: `HASH-NAME.drv`
};

// Takes what it reads off the text, behind which the next derivation may follow.
Expected<Derivation> read_derivation(std::string_view& text);

}  // namespace hydra_provisioner::observe
